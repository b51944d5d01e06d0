package agent

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// diagnoseTimeout bounds the time that the editor may take for changed files. The
// model waits meanwhile, so the bound is short.
const diagnoseTimeout = 3 * time.Second

// Caps of the diagnostics that the model gets.
const (
	maxDiagnostics       = 20
	maxDiagnosticMessage = 500 // bytes
)

// severityError is the only severity that the model gets.
const severityError = "error"

// diagnose adds the editor's diagnostics to the result of a call that has written
// files. Delegated agents get none, because the editor does not see their
// workspaces.
func (t *turn) diagnose(ctx context.Context, res *tools.Result) {
	d, ok := t.opts.Client.(event.Diagnoser)
	paths := written(res.Changes)
	if !ok || t.opts.TaskID != "" || len(paths) == 0 {
		return
	}
	asking, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	found := d.Diagnostics(asking, event.DiagnosticsParams{SessionID: t.opts.SessionID, Paths: paths})
	res.Text += describeErrors(found, paths)
}

// written returns the files that exist after changes.
func written(changes []runtime.Change) []string {
	var paths []string
	for _, c := range changes {
		if c.Change != runtime.ChangeDeleted {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// describeErrors words the errors in paths for the model, a line each; "" means
// none. The messages come from other programs, so each is cut and kept on one
// line.
func describeErrors(found []event.Diagnostic, paths []string) string {
	asked := map[string]bool{}
	for _, p := range paths {
		asked[p] = true
	}
	var b strings.Builder
	n := 0
	for _, d := range found {
		if d.Severity != severityError || !asked[d.Path] {
			continue
		}
		if n++; n > maxDiagnostics {
			continue
		}
		fmt.Fprintf(&b, "\n%s:%d:%d: %s", approval.Visible(d.Path), d.Range.Start.Line+1, d.Range.Start.Character+1, oneLine(d.Message, maxDiagnosticMessage))
		if d.Source != "" {
			fmt.Fprintf(&b, " (%s)", oneLine(d.Source, maxDiagnosticMessage))
		}
	}
	if n == 0 {
		return ""
	}
	head := "\n\nThe editor finds errors in what was written:"
	if n > maxDiagnostics {
		return fmt.Sprintf("%s%s\n... and %d more", head, b.String(), n-maxDiagnostics)
	}
	return head + b.String()
}

// oneLine returns s on one line, cut after limit bytes.
func oneLine(s string, limit int) string {
	s = approval.Visible(strings.Join(strings.Fields(s), " "))
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "..."
}
