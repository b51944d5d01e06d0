package trial

import (
	"fmt"
	"strings"
	"time"
)

// Table lists reports, one a line, with a line for their sum. A job that is not done
// has its reason below the table.
func Table(reports []Report) string {
	var b, why strings.Builder
	fmt.Fprintf(&b, "%-24s %-6s %-7s %6s %6s %6s %9s %9s %7s %6s\n", "job", "lang", "", "rounds", "calls", "errors", "requests", "edits", "edits", "time")
	fmt.Fprintf(&b, "%-24s %-6s %-7s %6s %6s %6s %9s %9s %7s %6s\n", "", "", "", "", "", "", "bytes", "bytes", "tokens", "s")
	var sum Report
	done, run := 0, 0
	for _, r := range reports {
		state := "done"
		switch {
		case r.Skipped != "":
			state = "skipped"
			fmt.Fprintf(&why, "%s: skipped: %s\n", r.Job.Name, r.Skipped)
		case r.Err != nil:
			state = "FAILED"
			fmt.Fprintf(&why, "%s: %v\n", r.Job.Name, r.Err)
		default:
			done++
		}
		if r.Skipped == "" {
			run++
		}
		row(&b, r.Job.Name, r.Job.Language, state, r)
		sum.Rounds += r.Rounds
		sum.Calls += r.Calls
		sum.ToolErrors += r.ToolErrors
		sum.RequestBytes += r.RequestBytes
		sum.EditBytes += r.EditBytes
		sum.FirstRequest = max(sum.FirstRequest, r.FirstRequest)
		sum.Took += r.Took
		sum.Usage.InputTokens += r.Usage.InputTokens
		sum.Usage.CachedTokens += r.Usage.CachedTokens
		sum.Usage.OutputTokens += r.Usage.OutputTokens
	}
	row(&b, "all", "", fmt.Sprintf("%d/%d", done, run), sum)
	fmt.Fprintf(&b, "the largest first request: %d bytes\n", sum.FirstRequest)
	fmt.Fprintf(&b, "tokens by the model's own count: %d in (%d cached), %d out\n", sum.Usage.InputTokens, sum.Usage.CachedTokens, sum.Usage.OutputTokens)
	return b.String() + why.String()
}

func row(b *strings.Builder, name, language, state string, r Report) {
	fmt.Fprintf(b, "%-24s %-6s %-7s %6d %6d %6d %9d %9d %7d %6.1f\n", name, language, state,
		r.Rounds, r.Calls, r.ToolErrors, r.RequestBytes, r.EditBytes, tokens(r.EditBytes), r.Took.Round(100*time.Millisecond).Seconds())
}
