package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// evil tries to write the clipboard, name the window, use the alternate screen, clear it, ask
// the terminal for a reply, link a word and reverse the text, also with 8-bit control
// characters.
const evil = "\x1b]52;c;RVZJTA==\x07\x1b]0;EVIL\x07\x1b[?1049h\x1b[2J\x1b[6n\x1b]8;;http://evil.example\x07word\x1b]8;;\x07 \u202eEVIL\u202c \u009b2J\rover\x08\x7f"

// spiteful is a model that tries to control the terminal by text and by tools.
func spiteful(w http.ResponseWriter, req agenttest.ServerRequest) {
	last := req.Messages[len(req.Messages)-1]
	call := func(tool string, args map[string]any) {
		agenttest.WriteReply(w, agenttest.Calls("# "+evil+"\n\n`"+evil+"` [x]("+evil+") &#27;[2J\n\n```"+evil+"\n"+evil+"\n```\n\n| "+evil+" |\n|---|\n| &#x1b;]0;EVIL&#7; |\n",
			agenttest.Call("c", tool, args)))
	}
	switch what, _, _ := strings.Cut(*last.Content, " "); {
	case last.Role == event.RoleTool:
		agenttest.WriteReply(w, agenttest.Text("The end."))
	case what == "run":
		call("bash", map[string]any{"cmd": "printf '\\033]52;c;RVZJTA==\\007\\033]0;EVIL\\007\\033[?1049h\\r\\n\\351\\n'; ls # " + evil})
	case what == "edit":
		call("write_file", map[string]any{"path": "greeting.txt", "content": "Hello\n" + evil + "\n"})
	case what == "ask":
		call("ask_user", map[string]any{"prompt": evil, "options": []string{evil, "b"}})
	case what == "delegate":
		call("delegate_task", map[string]any{"prompt": evil})
	default:
		call("no_such_tool"+evil, map[string]any{"x": evil})
	}
}

// fromUs matches the harmless sequences that the renderer itself sends: styles, cursor
// movements, erasures, modes of keyboard, paste and frame, and the query of the background.
var fromUs = regexp.MustCompile("\x1b\\[[0-9;:]*[mABCDEFGHIJKLMPSTXZ@d]|\x1b\\[\\?(25|2004|2026|2027)[hl]|\x1b\\[\\?(2026|2027)\\$p|\x1b\\[[<>=?][0-9;]*u|\x1b\\[>4(;[0-9])?m|\x1b\\[\\?u|\x1b\\[\\?4m|\x1b\\[[0-9] q|\x1b\\]11;\\?(\x07|\x1b\\\\)|\x1bM|\x1b\\[\\?5W|[\r\n\b\t]")

func TestHostileTextDoesNotReachTheTerminal(t *testing.T) {
	s, root := newChat(t, spiteful)
	if err := os.WriteFile(filepath.Join(root, "a\x1b]0;EVIL\x07\x1b[2J"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// The shell waits for a key, so that the record is complete.
	record := filepath.Join(s.dir, "record")
	s.start(root, "read go; pygent chat --no-docker --sandbox=none; echo exit code $?")
	s.tmux("pipe-pane", "cat >"+record)
	s.keys("Enter")
	s.read("/exit leaves.")
	s.idle()
	for _, what := range []string{"run", "edit", "delegate", "anything"} {
		s.say(what)
		if what == "run" || what == "edit" {
			s.allow()
			s.keys("y")
		}
		s.sees("The end.")
		s.idle()
		s.tmux("clear-history")
		s.say("/cmd clear >/dev/null; ls; printf '\\033[2J\\033]0;EVIL\\007'")
		s.idle()
	}
	s.say("ask")
	s.sees("Esc gives no answer")
	s.say("1")
	s.sees("The end.")
	s.idle()
	for _, c := range []struct{ say, see string }{
		{"/diff", "greeting.txt"},
		{"/tasks", "finished, "},
		{"/new", "returns to"},
		{"/resume", "continues one"},
		{"/resume 1", "resumed s_"},
	} {
		s.say(c.say)
		s.sees(c.see)
		s.idle()
	}
	s.keys("C-c", "C-c", "C-c") // the first empties the input
	if code := s.ended(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`\x1b]52;c;RVZJTA==\x07`, `\u202e`, `\u009b2J`, `\x1b[?1049h`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not shown", want)
		}
	}
	rest := fromUs.ReplaceAll(text, nil)
	for i, r := range string(rest) {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e {
			t.Fatalf("the terminal gets %q", rest[max(0, i-40):min(len(rest), i+40)])
		}
	}
	if buffers := s.tmux("list-buffers"); buffers != "" {
		t.Errorf("the clipboard holds %s", buffers)
	}
	if state := s.tmux("display", "-p", "#{alternate_on} #{pane_title}"); strings.HasPrefix(state, "1") || strings.Contains(state, "EVIL") {
		t.Errorf("alternate screen and title: %s", state)
	}
}

// prompt matches the end of a text that waits for a line.
var prompt = regexp.MustCompile(`\n(>|\?|.*instead:)$`)

// If the user wants no colours, or the terminal cannot move its cursor, the conversation is
// line by line and sends no control sequences.
func TestChatInLines(t *testing.T) {
	for name, env := range map[string]string{"NO_COLOR": "NO_COLOR=1", "TERM=dumb": "TERM=dumb"} {
		t.Run(name, func(t *testing.T) {
			s, root := newChat(t, talkative)
			record := filepath.Join(s.dir, "record")
			s.start(root, "read go; "+env+" pygent chat --no-docker --sandbox=none; echo exit code $?")
			s.tmux("pipe-pane", "cat >"+record)
			s.keys("Enter")
			s.sees("/exit leaves.\n>")
			for _, c := range []struct{ say, see string }{
				{"report", "Done."},
				{"edit", "? y yes, n no"},
				{"y", "It is done."},
				{"/diff", "+new world"},
				{"ask", "2) blue"},
				{"2", "It is done."},
				{"/cmd echo from here", "from here\n"},
				{"/nothing", "not a command"},
			} {
				s.tmux("send-keys", "-l", "--", c.say)
				s.keys("Enter")
				s.until(func(string) bool {
					screen := strings.TrimRight(s.all(), " \n")
					_, answer, _ := strings.Cut(screen, c.say+"\n")
					return strings.Contains(answer, c.see) && prompt.MatchString(screen)
				}, c.see+" and a prompt")
			}
			s.keys("C-d")
			if code := s.ended(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			text, err := os.ReadFile(record)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(string(text), "\x1b\a\b") || len(text) == 0 {
				t.Errorf("the terminal gets %q", text)
			}
			s.golden("lines", s.all())
		})
	}
}
