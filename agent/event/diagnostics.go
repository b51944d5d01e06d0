package event

import "context"

// DiagnosticsParams ask for the diagnostics of files.
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
	Source   string    `json:"source,omitempty" jsonschema:"the tool that found it, as a compiler"`
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

// Diagnoser is a Client with an editor that has language services.
type Diagnoser interface {
	// Diagnostics returns the diagnostics of files in a session's workspace. It
	// is empty when there are none, and when the client does not know.
	Diagnostics(ctx context.Context, p DiagnosticsParams) []Diagnostic
}
