package rpc

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// The reference's table of events has every kind and field that occurs in a story.
func TestReferenceTellsEvents(t *testing.T) {
	told := eventTable()
	files, err := fs.Glob(stories, "testdata/methods/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	kinds := map[string]bool{}
	for _, file := range files {
		text, err := fs.ReadFile(stories, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events(t, text) {
			kind, _ := e["kind"].(string)
			kinds[kind] = true
			for field := range maps.Keys(e) {
				if !slices.Contains([]string{"sessionId", "turnId", "taskId", "seq", "time", "kind"}, field) && !slices.Contains(told[kind], field) {
					t.Errorf("%s: protocol_preamble.md does not say that an event %q has %s", path.Base(file), kind, field)
				}
			}
		}
	}
	for kind := range maps.Keys(kinds) {
		if _, ok := told[kind]; !ok {
			t.Errorf("protocol_preamble.md does not list the event %q", kind)
		}
	}
}

var quotedWord = regexp.MustCompile("`(\\w+)`")

// eventTable returns the fields of each kind of event in the reference.
func eventTable() map[string][]string {
	_, rest, _ := strings.Cut(preamble, "\n## Events\n")
	told := map[string][]string{}
	for line := range strings.Lines(rest) {
		cells := strings.SplitN(line, "|", 4)
		if len(cells) < 4 {
			continue
		}
		var fields []string
		for _, m := range quotedWord.FindAllStringSubmatch(cells[2], -1) {
			fields = append(fields, m[1])
		}
		for _, m := range quotedWord.FindAllStringSubmatch(cells[1], -1) {
			told[m[1]] = fields
		}
	}
	return told
}

// events returns the events of a story.
func events(t *testing.T, story []byte) (list []map[string]any) {
	t.Helper()
	for _, f := range txtar.Parse(story).Files {
		if f.Name != "server" {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			if !strings.Contains(line, `"method":"agent/event"`) {
				continue
			}
			var m struct {
				Params map[string]any `json:"params"`
			}
			if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "> ")), &m); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			list = append(list, m.Params)
		}
	}
	return list
}
