using System.Collections.Immutable;
using Kimura.Embedded.Hosting;
using Kimura.Gateway;
using Kimura.Gateway.Methods;
using Kimura.Interfaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;

namespace Kimura.Tests.Unit.Gateway;

/// <summary>What the grains of a <see cref="FaultyNode"/> do.</summary>
internal sealed class FaultScript
{
    public Exception? Fault { get; set; }

    /// <summary>Nothing is answered: the engine's own timeout ends it.</summary>
    public bool IsSilent { get; set; }

    public NodeStatus Status { get; set; } = HealthTests.Status(syncing: false, height: 3, timestamp: 0);

    /// <summary>What the node would have to ask others for, from the so-manieth question on; null: never.</summary>
    public int? UnreachableFrom { get; set; }

    public int Asked { get; set; }

    public byte[] Bytes { get; set; } = [];

    /// <summary>Called before each answer.</summary>
    public Action OnAsked { get; set; } = static () => { };

    /// <summary>What becomes of one submission.</summary>
    public ImmutableArray<SubmissionResult> Results { get; set; } = [];

    public TipRecord Tip { get; set; } = new(0, default);

    /// <summary>Answers a question as the script says.</summary>
    public Task<T> AnswerAsync<T>(T answer)
    {
        OnAsked();
        return this switch
        {
            { IsSilent: true } => new TaskCompletionSource<T>().Task,
            { Fault: { } fault } => Task.FromException<T>(fault),
            _ => Task.FromResult(answer),
        };
    }
}

/// <summary>The gateway on a real engine whose grains fail as a test says: what the real node does only on a bad day.</summary>
internal sealed class FaultyNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly EmbeddedSilo _silo;

    private FaultyNode(WebApplication app, EmbeddedSilo silo, FaultScript script)
    {
        _app = app;
        _silo = silo;
        Script = script;
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(30) };
    }

    public FaultScript Script { get; }

    public BrokenConnections Broken => _app.Services.GetRequiredService<BrokenConnections>();

    public HttpClient Http { get; }

    public static async Task<FaultyNode> StartAsync(
        TimeSpan? responseTimeout = null, GatewayOptions? options = null, ScriptedChain? chain = null)
    {
        var script = new FaultScript();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        var cluster = new EmbeddedCluster(
            new EmbeddedClusterOptions
            {
                Scheduler = TaskScheduler.Default,
                TimeProvider = TimeProvider.System,
                ResponseTimeout = responseTimeout ?? TimeSpan.FromSeconds(30),
            });
        builder.Services.AddSingleton(script);
        builder.Services.AddEmbeddedSilo(cluster, silo =>
        {
            silo.GrainClasses.Add(typeof(FaultyIntake));
            silo.GrainClasses.Add(chain is null ? typeof(FaultyReader) : typeof(ScriptedReader));
        });
        builder.Services.AddSingleton(chain ?? new ScriptedChain());
        builder.Services.AddKimuraGateway((options ?? new GatewayOptions()) with { RpcPort = 0, RateLimit = 0 });
        var app = builder.Build();
        app.UseKimuraGateway();
        var silo = app.Services.GetRequiredService<EmbeddedSilo>();
        await silo.StartAsync();
        await app.StartAsync();
        return new FaultyNode(app, silo, script);
    }

    public Task StopSiloAsync() => _silo.StopAsync();

    public async Task<Reply> PostAsync(string body)
    {
        using var content = new StringContent(body);
        using var response = await Http.PostAsync("/", content);
        return await Reply.ReadAsync(response);
    }

    public async Task<Reply> GetAsync(string path)
    {
        using var response = await Http.GetAsync(path);
        return await Reply.ReadAsync(response);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        // Killed, because a grain that never answers would be waited for.
        _silo.Kill();
        await _app.DisposeAsync();
    }
}

[StatelessWorker]
internal sealed class FaultyIntake(FaultScript script) : Grain, IIntakeGrain
{
    // By what the question itself brings about: the results are those after it.
    public async Task<SubmissionResults> SubmitAsync(SubmissionBatch batch)
    {
        await script.AnswerAsync(true);
        return new SubmissionResults(script.Results, script.Bytes);
    }
}

[StatelessWorker]
internal class FaultyReader(FaultScript script) : Grain, IChainReader
{
    private BlockRecord Block => new(script.Bytes, script.Bytes);

    private bool IsUnreachable => script.Asked++ >= script.UnreachableFrom;

    private MessageRecord Message => new(script.Bytes, script.Bytes, IsConfirmed: false);

    public Task<NodeStatus> GetStatusAsync() => AnswerAsync(script.Status);

    public virtual Task<TipRecord> GetTipAsync() => AnswerAsync(script.Tip with { Hash = script.Bytes });

    public virtual Task<TipRecord> WaitForTipAsync(ulong above) => GetTipAsync();

    public Task<BlockRecord> GetLatestBlockAsync(bool withMessages) => AnswerAsync(Block);

    public virtual Task<BlockRecord?> GetBlockAsync(ulong height, bool withMessages) => AnswerAsync<BlockRecord?>(Block with { AreMessagesUnreachable = withMessages && IsUnreachable });

    public Task<BlockRecord?> GetBlockByHashAsync(ReadOnlyMemory<byte> hash, bool withMessages) => AnswerAsync<BlockRecord?>(Block);

    public Task<ImmutableArray<BlockRecord>> GetBlocksAsync(ulong first, ulong last) => AnswerAsync<ImmutableArray<BlockRecord>>([Block]);

    public virtual Task<MessageAnswer> GetMessageAsync(ReadOnlyMemory<byte> id) => AnswerAsync(IsUnreachable ? new MessageAnswer(null, IsUnreachable: true) : new MessageAnswer(Message));

    public Task<MessagesAnswer> GetMessagesAsync(ReadOnlyMemory<byte> publicKey, ulong fromNonce, int count) =>
        AnswerAsync(new MessagesAnswer([.. Enumerable.Repeat(Message, count)], IsUnreachable));

    public Task<NonceAnswer> GetNonceAsync(ReadOnlyMemory<byte> publicKey) => AnswerAsync(new NonceAnswer(0, IsUnreachable));

    public Task<ProofRecord?> GetProofAsync(ReadOnlyMemory<byte> id) =>
        AnswerAsync<ProofRecord?>(new ProofRecord(IsPending: false, script.Bytes, 0, 1, script.Bytes, script.Bytes));

    private Task<T> AnswerAsync<T>(T answer) => script.AnswerAsync(answer);
}
