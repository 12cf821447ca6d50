using Kimura.Gateway.Methods;
using Kimura.Gateway.Metrics;
using Microsoft.Extensions.Logging;

namespace Kimura.Gateway.Subscriptions;

/// <summary>What every subscription stands on.</summary>
internal sealed record SubscriptionServices(
    TipFeed Tip,
    RecentBlocks Blocks,
    NodeAccess Node,
    GatewayOptions Options,
    GatewayInstruments Instruments,
    ILogger<Subscription> Logger);
