package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/tools"
)

// Verdict says how a case ended.
type Verdict string

// Verdicts of a case. The first two are as they should be.
const (
	AppliedRight   Verdict = "applied right"
	RefusedRight   Verdict = "refused right"
	AppliedWrong   Verdict = "applied wrong"   // the tree is another than it should be
	RefusedWrongly Verdict = "refused wrongly" // nothing changed, but it should have
	SaidWrongly    Verdict = "said wrongly"    // the tree is right, the words are not
)

// Outcome is how a case ended, and why it is not as it should be.
type Outcome struct {
	Verdict Verdict
	Text    string // the last call's result
	Err     error  // nil when all is as it should be
}

// Run does the case in a workspace of its own. The error is of the machine.
func (f *Fault) Run(ctx context.Context) (out Outcome, err error) {
	p, err := newPlace(ctx, f.before, Unconfined)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, p.close(ctx)) }()
	registry, err := Tools()
	if err != nil {
		return Outcome{}, err
	}
	res, first := f.do(ctx, p, registry)
	have, err := readTree(p.dir())
	if err != nil {
		return Outcome{}, err
	}
	return f.judge(res, first, errors.Join(have.same(f.after), p.strays())), nil
}

// do does the steps. It returns the last call's result, and what went wrong before.
func (f *Fault) do(ctx context.Context, p *place, registry *tools.Registry) (res tools.Result, err error) {
	env := p.env()
	for i, s := range f.steps {
		if err := s.interfere(p.dir()); err != nil {
			return res, err
		}
		if s.call == nil {
			continue
		}
		res = registry.Call(ctx, env, s.call.tool, s.call.arguments())
		if i < len(f.steps)-1 && res.IsError != s.call.fails {
			return res, fmt.Errorf("step %d, %s: an error: %v: %s", i+1, s.call.tool, res.IsError, res.Text)
		}
	}
	return res, nil
}

// interfere makes the changes of somebody else.
func (s step) interfere(dir string) error {
	for name := range s.disk { // a new file takes the place of the old one, as editors do
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for _, name := range s.gone {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return s.disk.write(dir)
}

// judge compares what came with what should have come. first is what went wrong
// before the last call, diff how the tree differs.
func (f *Fault) judge(res tools.Result, first, diff error) Outcome {
	out := Outcome{Text: res.Text}
	done := !res.IsError
	switch {
	case first != nil:
		out.Verdict, out.Err = RefusedWrongly, first
	case diff != nil && (done || !f.Right):
		out.Verdict, out.Err = AppliedWrong, diff
	case diff != nil:
		out.Verdict, out.Err = RefusedWrongly, errors.New("it is refused")
	case done != f.Right:
		out.Verdict, out.Err = SaidWrongly, fmt.Errorf("the result is an error: %v", !done)
	case f.missing(res.Text) != "":
		out.Verdict, out.Err = SaidWrongly, fmt.Errorf("the result does not say %q", f.missing(res.Text))
	case f.Right:
		out.Verdict = AppliedRight
	default:
		out.Verdict = RefusedRight
	}
	return out
}

// missing returns the first of Says that text lacks, without regard to case.
func (f *Fault) missing(text string) string {
	for _, words := range f.Says {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(words)) {
			return words
		}
	}
	return ""
}
