package trial

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// scripted plays the replies of a job. Unlike a recording it does not compare whole
// conversations: it looks only for the words that a model would need to go on.
type scripted struct {
	job *Job

	mu   sync.Mutex
	next int // of the replies
}

// Chat gives the next reply, when the results of the last one's calls have what the
// job says.
func (m *scripted) Chat(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	if ctx.Err() != nil {
		return agent.Reply{}, context.Cause(ctx)
	}
	m.mu.Lock()
	n := m.next
	m.next++
	m.mu.Unlock()
	if n > 0 && n <= len(m.job.replies) {
		if err := m.job.replies[n-1].heard(req.Messages); err != nil {
			return agent.Reply{}, fmt.Errorf("after reply %d: %w", n, err)
		}
	}
	if n >= len(m.job.replies) {
		return agent.Reply{}, fmt.Errorf("reply %d is asked for, but the job has %d", n+1, len(m.job.replies))
	}
	r := m.job.replies[n]
	if r.text != "" {
		emit(agent.Delta{Text: r.text})
	}
	return r.reply(n, req.Messages), nil
}

// heard refuses results that do not have what the model must hear.
func (r reply) heard(history []event.Message) error {
	var results, images []string
	for i := len(history) - 1; i >= 0 && history[i].Role == event.RoleTool; i-- {
		results = append(results, history[i].Content)
		for _, img := range history[i].Images {
			images = append(images, img.MIMEType)
		}
	}
	all := strings.Join(results, "\n")
	for _, words := range r.told {
		if !strings.Contains(all, words) {
			return fmt.Errorf("no result says %q:\n%s", words, shorten(all))
		}
	}
	for _, kind := range r.saw {
		if !slices.Contains(images, kind) {
			return fmt.Errorf("no result has a picture of the type %s, but %q:\n%s", kind, images, shorten(all))
		}
	}
	return nil
}

// shorten keeps the head and the tail of a long text.
func shorten(s string) string {
	const most = 1500
	if len(s) <= 2*most {
		return s
	}
	return s[:most] + "\n…\n" + s[len(s)-most:]
}

// startedJob finds the id of the background job that was started last.
var startedJob = regexp.MustCompile(`started (\S+)`)

// fill puts the id of the background job in the place of {job}.
func fill(arguments string, history []event.Message) string {
	if !strings.Contains(arguments, "{job}") {
		return arguments
	}
	for i := len(history) - 1; i >= 0; i-- {
		if m := startedJob.FindStringSubmatch(history[i].Content); m != nil && history[i].Role == event.RoleTool {
			return strings.ReplaceAll(arguments, "{job}", m[1])
		}
	}
	return arguments
}

// reply makes the n-th reply as a model sends it.
func (r reply) reply(n int, history []event.Message) agent.Reply {
	out := agent.Reply{Message: event.Message{Role: event.RoleAssistant, Content: r.text}, Finish: agent.FinishStop}
	size := len(r.text)
	for i, c := range r.calls {
		out.Finish = agent.FinishTools
		call := c.event(fmt.Sprintf("call-%d-%d", n+1, i+1))
		call.Arguments = fill(call.Arguments, history)
		size += len(call.Arguments)
		out.Message.ToolCalls = append(out.Message.ToolCalls, call)
	}
	out.Usage = event.Usage{OutputTokens: int64(tokens(size))}
	return out
}

// tokens estimates the tokens of so many bytes.
func tokens(bytes int) int { return (bytes + 3) / 4 }
