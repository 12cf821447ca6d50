namespace Kimura.Gateway.OpenRpc;

/// <summary>The JSON schemas of results (protocol section 7).</summary>
internal static class Schemas
{
    /// <summary>Every named schema, as the members of <c>components.schemas</c>.</summary>
    public const string All = """
        {
          "Hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
          "PublicKey": {"type": "string", "pattern": "^[0-9a-f]{66}$"},
          "Signature": {"type": "string", "pattern": "^[0-9a-f]{128}$"},
          "Counter": {"type": "integer", "minimum": 0, "maximum": 18446744073709551615},
          "Accepted": {
            "type": "object",
            "additionalProperties": false,
            "required": ["message_id", "status"],
            "properties": {"message_id": {"$ref": "#/components/schemas/Hash"}, "status": {"const": "pending"}}
          },
          "Error": {
            "type": "object",
            "additionalProperties": false,
            "required": ["code", "message"],
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "data": {"type": "object"}}
          },
          "Submitted": {
            "oneOf": [
              {"$ref": "#/components/schemas/Accepted"},
              {
                "type": "object",
                "additionalProperties": false,
                "required": ["error"],
                "properties": {"error": {"$ref": "#/components/schemas/Error"}}
              }
            ]
          },
          "Header": {
            "type": "object",
            "additionalProperties": false,
            "required": ["height", "timestamp", "prev_hash", "message_root", "producer_pubkey", "producer_sig"],
            "properties": {
              "height": {"$ref": "#/components/schemas/Counter"},
              "timestamp": {"$ref": "#/components/schemas/Counter"},
              "prev_hash": {"$ref": "#/components/schemas/Hash"},
              "message_root": {"$ref": "#/components/schemas/Hash"},
              "producer_pubkey": {"$ref": "#/components/schemas/PublicKey"},
              "producer_sig": {"$ref": "#/components/schemas/Signature"}
            }
          },
          "Block": {
            "type": "object",
            "additionalProperties": false,
            "required": ["hash", "header", "message_ids", "message_hashes"],
            "properties": {
              "hash": {"$ref": "#/components/schemas/Hash"},
              "header": {"$ref": "#/components/schemas/Header"},
              "message_ids": {"type": "array", "items": {"$ref": "#/components/schemas/Hash"}},
              "message_hashes": {"type": "array", "items": {"$ref": "#/components/schemas/Hash"}},
              "messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}
            }
          },
          "Tip": {
            "type": "object",
            "additionalProperties": false,
            "required": ["height", "hash"],
            "properties": {"height": {"$ref": "#/components/schemas/Counter"}, "hash": {"$ref": "#/components/schemas/Hash"}}
          },
          "Message": {
            "type": "object",
            "additionalProperties": false,
            "required": ["message_id", "public_key", "nonce", "content", "content_hex", "signature", "timestamp", "status"],
            "properties": {
              "message_id": {"$ref": "#/components/schemas/Hash"},
              "public_key": {"$ref": "#/components/schemas/PublicKey"},
              "nonce": {"$ref": "#/components/schemas/Counter"},
              "content": {"type": ["string", "null"]},
              "content_hex": {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
              "signature": {"$ref": "#/components/schemas/Signature"},
              "timestamp": {"$ref": "#/components/schemas/Counter"},
              "status": {"enum": ["pending", "confirmed"]},
              "height": {"$ref": "#/components/schemas/Counter"},
              "index": {"$ref": "#/components/schemas/Counter"}
            }
          },
          "Nonce": {
            "type": "object",
            "additionalProperties": false,
            "required": ["nonce"],
            "properties": {"nonce": {"$ref": "#/components/schemas/Counter"}}
          },
          "Proof": {
            "type": "object",
            "additionalProperties": false,
            "required": ["message_id", "message_hash", "height", "index", "count", "leaf", "path", "header", "hash"],
            "properties": {
              "message_id": {"$ref": "#/components/schemas/Hash"},
              "message_hash": {"$ref": "#/components/schemas/Hash"},
              "height": {"$ref": "#/components/schemas/Counter"},
              "index": {"$ref": "#/components/schemas/Counter"},
              "count": {"$ref": "#/components/schemas/Counter"},
              "leaf": {"$ref": "#/components/schemas/Hash"},
              "path": {"type": "array", "items": {"$ref": "#/components/schemas/Hash"}},
              "header": {"$ref": "#/components/schemas/Header"},
              "hash": {"$ref": "#/components/schemas/Hash"}
            }
          },
          "Status": {
            "type": "object",
            "additionalProperties": false,
            "required": ["chain_id", "genesis_hash", "height", "hash", "role", "leader_key", "syncing", "target_height", "peers",
              "pending", "equivocations", "epoch", "engine", "version", "block_interval_ms"],
            "properties": {
              "chain_id": {"type": ["string", "null"]},
              "genesis_hash": {"$ref": "#/components/schemas/Hash"},
              "height": {"$ref": "#/components/schemas/Counter"},
              "hash": {"$ref": "#/components/schemas/Hash"},
              "role": {"enum": ["leader", "peer"]},
              "leader_key": {"oneOf": [{"$ref": "#/components/schemas/PublicKey"}, {"type": "null"}]},
              "syncing": {"type": "boolean"},
              "target_height": {"$ref": "#/components/schemas/Counter"},
              "peers": {"$ref": "#/components/schemas/Counter"},
              "pending": {"$ref": "#/components/schemas/Counter"},
              "equivocations": {"$ref": "#/components/schemas/Counter"},
              "epoch": {"$ref": "#/components/schemas/Counter"},
              "engine": {"enum": ["embedded", "orleans"]},
              "version": {"type": "string"},
              "block_interval_ms": {"$ref": "#/components/schemas/Counter"},
              "cluster": {"$ref": "#/components/schemas/Cluster"}
            }
          },
          "Cluster": {
            "type": "object",
            "additionalProperties": false,
            "required": ["silos", "leader", "epoch", "replica_lag", "log_reachable"],
            "properties": {
              "silos": {"type": "array", "items": {"type": "string"}},
              "leader": {"type": ["string", "null"]},
              "epoch": {"$ref": "#/components/schemas/Counter"},
              "replica_lag": {"$ref": "#/components/schemas/Counter"},
              "log_reachable": {"type": "boolean"}
            }
          }
        }
        """;

    /// <summary>The schema that refers to a named one.</summary>
    public static string Reference(string name) => $"{{\"$ref\":\"#/components/schemas/{name}\"}}";

    /// <summary>The schema of an array of a named one.</summary>
    public static string ArrayOf(string name) => $"{{\"type\":\"array\",\"items\":{Reference(name)}}}";
}
