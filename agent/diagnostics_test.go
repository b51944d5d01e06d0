package agent

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/event"
)

func TestDescribeErrors(t *testing.T) {
	at := func(path, severity, message string) event.Diagnostic {
		d := event.Diagnostic{Path: path, Severity: severity, Message: message}
		d.Range.Start = event.TextPosition{Line: 4, Character: 0}
		return d
	}
	cases := []struct {
		name  string
		found []event.Diagnostic
		want  string
	}{
		{"nothing", nil, ""},
		{"no errors", []event.Diagnostic{at("a", "warning", "w"), at("a", "hint", "h"), at("a", "", "?")}, ""},
		{"of a file that was not asked for", []event.Diagnostic{at("../b", "error", "e")}, ""},
		{"lines and control characters", []event.Diagnostic{at("a", "error", "one\ntwo\x1b[2J\u202e")}, "\n\nThe editor finds errors in what was written:\na:5:1: one two\\x1b[2J\\u202e"},
		{"a long message", []event.Diagnostic{at("a", "error", strings.Repeat("é", 400))}, "\n\nThe editor finds errors in what was written:\na:5:1: " + strings.Repeat("é", 250) + "..."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := describeErrors(c.found, []string{"a"}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDescribeErrorsIsBounded(t *testing.T) {
	found := make([]event.Diagnostic, 10_000)
	for i := range found {
		found[i] = event.Diagnostic{Path: "a", Severity: "error", Message: strings.Repeat("x", 10_000), Source: strings.Repeat("y", 10_000)}
	}
	got := describeErrors(found, []string{"a"})
	if len(got) > 25_000 || !strings.HasSuffix(got, "... and 9980 more") {
		t.Errorf("%d bytes that end with %q", len(got), got[len(got)-40:])
	}
}
