using System.Text;
using Kimura.Interfaces;
using Kimura.Silo.Network;
using Kimura.Silo.Network.Wire;
using Xunit;

namespace Kimura.Tests.Unit.Silo.Network;

public sealed class OutcomeCodesTests
{
    private static readonly byte[] Id = new byte[32];

    public static TheoryData<SubmissionResult, int> Outcomes => new()
    {
        { new(SubmissionOutcome.Accepted), 0 },
        { new(SubmissionOutcome.InvalidSignature), -32001 },
        { new(SubmissionOutcome.WrongNonce, ExpectedNonce: ulong.MaxValue), -32002 },
        { new(SubmissionOutcome.Duplicate, SameContent: true), -32003 },
        { new(SubmissionOutcome.Duplicate, SameContent: false), -32003 },
        { new(SubmissionOutcome.PoolFull, RetryAfterMilliseconds: 250), -32006 },
        { new(SubmissionOutcome.Unavailable), -32007 },
        { new(SubmissionOutcome.TooLarge), -32008 },
    };

    [Theory]
    [MemberData(nameof(Outcomes))]
    public void Outcome_goes_there_and_back(SubmissionResult result, int code)
    {
        var wire = OutcomeCodes.ToWire(result, Id, 1_000);
        Assert.Equal(code, wire.Code);
        var read = SubmitAnswer.Decode(new SubmitAnswer([wire], null, default).Encode())!.Results[0];
        Assert.Equal(result, OutcomeCodes.FromWire(read));
    }

    [Fact]
    public void Every_outcome_has_a_code()
    {
        foreach (var outcome in Enum.GetValues<SubmissionOutcome>().Where(outcome => outcome != SubmissionOutcome.Unspecified))
        {
            Assert.NotNull(OutcomeCodes.FromWire(OutcomeCodes.ToWire(new SubmissionResult(outcome), Id, 1_000)));
        }
    }

    [Theory]
    [InlineData(1, "")]
    [InlineData(-32004, "")]
    [InlineData(-32002, "")]
    [InlineData(-32002, "{}")]
    [InlineData(-32002, "{\"expected\": -1}")]
    [InlineData(-32002, "{\"expected\": \"1\"}")]
    [InlineData(-32003, "{\"same_content\": null}")]
    [InlineData(-32006, "{\"retry_after_ms\": 1e30}")]
    [InlineData(-32006, "[")]
    [InlineData(0, "not json")]
    public void Unknown_codes_and_data_that_do_not_fit_are_no_answer(int code, string data) =>
        Assert.Null(OutcomeCodes.FromWire(new SubmitResult(code, Encoding.UTF8.GetBytes(data))));
}
