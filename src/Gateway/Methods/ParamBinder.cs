using System.Text.Json;
using Kimura.Gateway.JsonRpc;

namespace Kimura.Gateway.Methods;

/// <summary>Puts the params of a call, by name or by position, in the table's order and has their types check them.</summary>
internal static class ParamBinder
{
    /// <summary>Fills <paramref name="slots"/> (one a parameter); what is null or missing stays undefined.</summary>
    /// <returns>The first fault, or null.</returns>
    public static RpcFailure? Bind(RpcParam[] parameters, JsonElement values, JsonElement[] slots)
    {
        Array.Clear(slots);
        var fault = values.ValueKind switch
        {
            JsonValueKind.Object => BindByName(parameters, values, slots),
            JsonValueKind.Array => BindByPosition(parameters, values, slots),
            _ => null,
        };
        return fault ?? Check(parameters, slots);
    }

    private static RpcFailure? BindByName(RpcParam[] parameters, JsonElement values, JsonElement[] slots)
    {
        // Members mostly come in the table's order, so the search starts behind the one found last.
        var next = 0;
        foreach (var member in values.EnumerateObject())
        {
            var at = Find(parameters, member, next);
            if (at < 0)
            {
                return RpcFailure.InvalidParam(Shorten(member.Name), "no such parameter");
            }

            slots[at] = member.Value;
            next = at + 1;
        }

        return null;
    }

    private static int Find(RpcParam[] parameters, JsonProperty member, int start)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            var at = start + i < parameters.Length ? start + i : start + i - parameters.Length;
            if (member.NameEquals(parameters[at].NameUtf8))
            {
                return at;
            }
        }

        return -1;
    }

    private static RpcFailure? BindByPosition(RpcParam[] parameters, JsonElement values, JsonElement[] slots)
    {
        var at = 0;
        foreach (var value in values.EnumerateArray())
        {
            if (at == parameters.Length)
            {
                return RpcFailure.InvalidParam($"[{at}]", $"too many parameters: at most {parameters.Length}");
            }

            slots[at++] = value;
        }

        return null;
    }

    private static RpcFailure? Check(RpcParam[] parameters, JsonElement[] slots)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            if (slots[i].ValueKind == JsonValueKind.Null)
            {
                slots[i] = default;
            }

            var parameter = parameters[i];
            var isMissing = slots[i].ValueKind == JsonValueKind.Undefined;
            var fault = isMissing ? (parameter.IsRequired ? "missing" : null) : parameter.Type.FindFault(slots[i]);
            if (fault is not null)
            {
                return RpcFailure.InvalidParam(parameter.Name, fault);
            }
        }

        return null;
    }

    // The name is the client's own text and may be as long as a body.
    private static string Shorten(string name)
    {
        const int Longest = 64;
        if (name.Length <= Longest)
        {
            return name;
        }

        return name[..(char.IsHighSurrogate(name[Longest - 1]) ? Longest - 1 : Longest)];
    }
}
