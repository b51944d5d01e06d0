package agent

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// diagnoseTimeout is how long the editor may take to look at changed files. It
// delays the model, so a slow editor is not waited for.
const diagnoseTimeout = 3 * time.Second

// Caps of what the model is told of diagnostics.
const (
	maxDiagnostics       = 20
	maxDiagnosticMessage = 500 // bytes
)

// severityError is that of the diagnostics which the model is told of.
const severityError = "error"

// DiagnosticsParams ask what is wrong with files.
type DiagnosticsParams struct {
	SessionID string   `json:"sessionId"`
	Paths     []string `json:"paths" jsonschema:"files that were just changed on disk; the client may give its language services a moment to notice"`
}

// DiagnosticsResult is what the client's language services found.
type DiagnosticsResult struct {
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Diagnostic is one finding. Lines and characters count from 0, as in the
// language server protocol.
type Diagnostic struct {
	Path     string    `json:"path"`
	Range    TextRange `json:"range" jsonschema:"lines and characters from 0, the end not in it"`
	Severity string    `json:"severity" jsonschema:"error, warning, info or hint"`
	Message  string    `json:"message"`
	Source   string    `json:"source,omitempty" jsonschema:"who found it, as a compiler"`
}

// TextRange is a range of a file's text; the end is not in it.
type TextRange struct {
	Start TextPosition `json:"start"`
	End   TextPosition `json:"end"`
}

// TextPosition is a place in a file's text, counted from 0.
type TextPosition struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// Diagnoser is a Client whose editor has language services.
type Diagnoser interface {
	// Diagnostics asks what is wrong with files of a session's workspace. It is
	// empty when nothing is, and when the client cannot say.
	Diagnostics(ctx context.Context, p DiagnosticsParams) []Diagnostic
}

// diagnose adds to the result of a call that has written files what the editor
// says of them. Of what a delegated agent writes, in a workspace of its own, the
// editor knows nothing.
func (t *turn) diagnose(ctx context.Context, res *tools.Result) {
	d, ok := t.opts.Client.(Diagnoser)
	paths := written(res.Changes)
	if !ok || t.opts.TaskID != "" || len(paths) == 0 {
		return
	}
	asking, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	found := d.Diagnostics(asking, DiagnosticsParams{SessionID: t.opts.SessionID, Paths: paths})
	res.Text += describeErrors(found, paths)
}

// written are the files that are there after changes.
func written(changes []runtime.Change) []string {
	var paths []string
	for _, c := range changes {
		if c.Change != runtime.ChangeDeleted {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// describeErrors words the errors in paths for the model, a line each; "" is
// none. It is text from elsewhere: it is bounded and stays on its lines.
func describeErrors(found []Diagnostic, paths []string) string {
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
		fmt.Fprintf(&b, "\n%s:%d:%d: %s", visible(d.Path), d.Range.Start.Line+1, d.Range.Start.Character+1, oneLine(d.Message, maxDiagnosticMessage))
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

// oneLine is s on one line, cut after limit bytes.
func oneLine(s string, limit int) string {
	s = visible(strings.Join(strings.Fields(s), " "))
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "..."
}
