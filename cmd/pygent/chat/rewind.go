package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
)

// mostTurns is the largest number of turns in the list of /rewind.
const mostTurns = 20

// past is a turn of the conversation.
type past struct {
	id, words string
	files     int // that it changed
}

// pastOf returns the turns of a conversation, the oldest first. A rewind removes turns, and
// a rewind to that rewind brings them back. A turn that continues another one, after an
// answer to a request of a killed server, is part of that one.
func pastOf(events []event.Event) []past {
	var turns []past
	before := map[string][]past{} // by turn, rewind or revert: the turns before it
	for _, e := range events {
		if e.TurnID == "" || e.TaskID != "" {
			continue
		}
		if _, known := before[e.TurnID]; !known {
			before[e.TurnID] = slices.Clone(turns)
		}
		switch n := len(turns); {
		case e.Kind == event.KindRewound:
			turns = slices.Clone(before[e.ToTurnID])
		case e.Kind == event.KindMessage && e.Role == event.RoleUser && (n == 0 || turns[n-1].id != e.TurnID):
			own, _ := words(e.Text)
			turns = append(turns, past{id: e.TurnID, words: own})
		case e.Kind == event.KindTurnFinished && n > 0:
			turns[n-1].files += len(e.Changes)
		}
	}
	return turns
}

// rewind lists the turns, or goes back to before one.
func rewind(ctx context.Context, t *talk, args string) (outcome, error) {
	id, _, _ := t.state()
	if id == "" {
		return outcome{}, errNoMessage
	}
	if args == "back" {
		return t.rewindBack(ctx, id)
	}
	events, err := t.last(ctx, id, 0)
	if err != nil {
		return outcome{}, err
	}
	turns := pastOf(events)
	slices.Reverse(turns)
	if args == "" {
		return outcome{text: listTurns(turns)}, nil
	}
	number, rest, _ := strings.Cut(args, " ")
	n, err := strconv.Atoi(number)
	rest = strings.TrimSpace(rest)
	if err != nil || n < 1 || n > len(turns) || rest != "" && rest != "keep" {
		return outcome{}, errors.New("/rewind: give a number of the list that /rewind shows, and keep after it to leave the files as they are; or back")
	}
	out, err := t.rewindTo(ctx, session.RewindParams{SessionID: id, TurnID: turns[n-1].id, Files: new(rest == "")})
	if err == nil {
		out.input = turns[n-1].words
		out.text += "\n/rewind back undoes this"
	}
	return out, err
}

func listTurns(turns []past) string {
	if len(turns) == 0 {
		return "the conversation has no turn to go back to"
	}
	var b strings.Builder
	for i, turn := range turns[:min(len(turns), mostTurns)] {
		files := ""
		if turn.files > 0 {
			files = " (" + count(turn.files, "file") + ")"
		}
		fmt.Fprintf(&b, "%2d  %s%s\n", i+1, term.Line(turn.words, 80), files)
	}
	b.WriteString("/rewind NUMBER goes back to before that message, with the files;\n/rewind NUMBER keep leaves the files as they are")
	return b.String()
}

// rewindBack undoes the last rewind.
func (t *talk) rewindBack(ctx context.Context, id string) (outcome, error) {
	t.mu.Lock()
	to := t.rewound
	t.mu.Unlock()
	if to == "" {
		return outcome{}, errors.New("there is no rewind to undo")
	}
	return t.rewindTo(ctx, session.RewindParams{SessionID: id, TurnID: to})
}

// rewindTo goes back to before a turn or a rewind.
func (t *talk) rewindTo(ctx context.Context, p session.RewindParams) (outcome, error) {
	var res session.RewindResult
	if err := t.client.Call(ctx, rpc.MethodRewind, p, &res); err != nil {
		return outcome{}, err
	}
	t.mu.Lock()
	t.rewound = res.TurnID
	t.mu.Unlock()
	var b strings.Builder
	for _, c := range res.Conflicts {
		fmt.Fprintf(&b, "not restored: %s: %s\n", c.Path, c.Reason)
	}
	b.WriteString(count(len(res.Applied), "file") + " restored")
	steps, err := t.planOf(ctx)
	return outcome{text: b.String(), plan: &steps}, err
}
