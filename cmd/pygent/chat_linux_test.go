package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

const longAnswer = "# Report\n\nThe **first** point is `code`, the second is in [the docs](https://example.org/docs).\n\n" +
	"1. one\n2. two\n   - nested\n\n```go\nfunc main() {\n\tfmt.Println(\"hello\") // a comment\n}\n```\n\n" +
	"| Name | Value |\n|---|---:|\n| a | 1 |\n| b | 22 |\n\n> Quoted words.\n\nDone."

// talkative is a model whose reply depends on the last message.
func talkative(w http.ResponseWriter, req agenttest.ServerRequest) {
	last := req.Messages[len(req.Messages)-1]
	what, args, _ := strings.Cut(*last.Content, " ")
	call := func(tool string, args map[string]any) {
		agenttest.WriteReply(w, agenttest.Calls("On it.", agenttest.Call("c", tool, args)))
	}
	switch {
	case last.Role == event.RoleTool:
		agenttest.WriteReply(w, agenttest.Text("It is done."))
	case what == "report":
		agenttest.WriteReply(w, agenttest.Text(longAnswer))
	case what == "run":
		call("bash", map[string]any{"cmd": args})
	case what == "long":
		call("bash", map[string]any{"cmd": strings.Repeat("echo a line\n", 40) + "echo the end"})
	case what == "edit":
		call("write_file", map[string]any{"path": "greeting.txt", "content": "Hello\nnew world\n"})
	case what == "ask":
		call("ask_user", map[string]any{"prompt": "Which **colour**?", "options": []string{"red", "blue"}})
	case what == "delegate":
		call("delegate_task", map[string]any{"prompt": "report", "timeout": 60})
	default:
		agenttest.WriteReply(w, agenttest.Text("You said: "+*last.Content))
	}
}

// newChat makes a terminal for conversations with a model, and a workspace with a
// greeting.txt.
func newChat(t *testing.T, model func(http.ResponseWriter, agenttest.ServerRequest), env ...string) (s *terminal, root string) {
	t.Helper()
	entries := make([]any, 100)
	for i := range entries {
		entries[i] = model
	}
	s = newTerminal(t, append(env, "OPENAI_BASE_URL="+agenttest.Server(t, entries...).URL)...)
	root = filepath.Join(s.dir, "app")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "greeting.txt"), []byte("Hello\nworld\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, root
}

// chat starts a conversation in which commands need approval.
func (s *terminal) chat(root string, args ...string) {
	s.Helper()
	s.run(root, append([]string{"chat", "--no-docker", "--sandbox=none"}, args...)...)
	s.read("/exit leaves.")
	s.idle()
}

func TestChatShowsATurn(t *testing.T) {
	s, root := newChat(t, talkative)
	s.chat(root)
	s.say("report")
	s.sees("Done.")
	s.idle()
	s.say("run seq 20; printf %76s end; exit 3") // the last line is as wide as the screen
	s.allow()
	s.golden("approval", s.screen())
	s.keys("y")
	s.sees("It is done.")
	s.idle()
	s.say("edit")
	s.allow()
	s.golden("edit", s.screen())
	s.keys("n")
	s.sees("Enter denies")
	s.say("ask before you greet")
	s.sees("denied: ask before")
	s.idle()
	s.say("edit")
	s.allow()
	s.keys("a")
	s.sees("modified greeting.txt")
	s.idle()
	s.say("ask")
	s.sees("Esc gives no answer")
	s.say("2")
	s.sees("Ask Which")
	s.idle()
	s.golden("turn", s.all())
	if text, err := os.ReadFile(filepath.Join(root, "greeting.txt")); err != nil || string(text) != "Hello\nnew world\n" {
		t.Errorf("greeting.txt: %q, %v", text, err)
	}
}

// Keys typed when an approval appears stay text and do not answer it: not a letter, not Enter,
// not a key that is held down, not a paste.
func TestChatTypingDecidesNothing(t *testing.T) {
	s, root := newChat(t, talkative)
	s.chat(root)
	s.say("edit")
	s.sees("Allow?")
	s.tmux("send-keys", "-l", "--", "yes can a")
	s.sees("› yes can a", "Esc puts it aside")
	for range 30 {
		s.tmux("send-keys", "-l", "--", "y")
		time.Sleep(40 * time.Millisecond) // the repeat rate of a key that is held down
	}
	s.sees("› yes can ay"+strings.Repeat("y", 29), "Allow?")
	s.golden("typing", s.screen())
	s.keys("Escape")
	s.allow() // a second has passed
	s.keys("Enter", "Enter", "Enter")
	s.allow()
	s.tmux("set-buffer", "y")
	s.tmux("paste-buffer", "-p")
	s.sees("› y\n")
	s.keys("Escape")
	s.allow()
	s.tmux("send-keys", "-l", "--", "yes")
	s.sees("› yes\n", "Allow?")
	s.keys("Escape")
	s.allow()
	s.keys("y")
	s.sees("It is done.", "› yes can ay"+strings.Repeat("y", 29)+"\n", "\n  y\n", "\n  yes\n")
	s.keys("C-c", "C-c", "C-c")
	s.ended()
}

// Line by line, too, a line that was begun before the question is the next message.
func TestChatInLinesTypingDecidesNothing(t *testing.T) {
	s, root := newChat(t, talkative, "TERM=dumb")
	s.start(root, "NO_COLOR=1 pygent chat --no-docker --sandbox=none; stty -a; echo exit code $?")
	s.read("/exit leaves.\n>")
	typed := func(text string) { s.Helper(); s.tmux("send-keys", "-l", "--", text) }
	typed("edit")
	s.keys("Enter")
	s.sees("+new world")
	typed("yes can")
	s.sees("(you were typing: Enter keeps the line for later")
	typed("dy")
	s.keys("Enter")
	s.sees("c cancel the turn")
	s.keys("Enter", "Enter")
	s.until(func(screen string) bool { return strings.Count(screen, "c cancel the turn") == 2 }, "the question again")
	typed("y")
	s.keys("Enter")
	s.sees("It is done.", "You said: yes candy")
	typed("quit")
	s.keys("Enter")
	s.sees("exit code 0")
	if all := s.all(); strings.Contains(all, "-icanon") || strings.Contains(all, "-echo ") {
		t.Errorf("the terminal is\n%s", all)
	}
}

// The screen says so when it does not show the whole approval.
func TestChatSaysThatAnApprovalIsCut(t *testing.T) {
	s, root := newChat(t, talkative)
	s.chat(root)
	s.say("long")
	s.allow()
	s.sees("lines above the screen: scroll up to read all of it")
	s.golden("cut", s.screen())
	s.keys("n")
	s.sees("Enter denies")
	s.keys("Enter")
	s.idle()
}

func TestChatOnAWideScreen(t *testing.T) {
	s, root := newChat(t, talkative)
	s.chat(root)
	s.tmux("resize-window", "-x", "120", "-y", "40")
	s.say("report")
	s.sees("Done.")
	s.idle()
	s.say("edit")
	s.allow()
	s.golden("wide", s.screen())
}

func TestChatStopsATurnAndLeaves(t *testing.T) {
	s, root := newChat(t, talkative)
	s.chat(root)
	s.say("run echo begun; sleep 86413")
	s.allow()
	s.keys("y")
	s.sees("    begun")
	s.keys("C-c")
	s.sees("[cancelled]")
	s.idle()
	if n := marked(t, "86413"); n > 0 {
		t.Errorf("%d commands still run", n)
	}
	s.say("still there?")
	s.sees("You said: still there?")
	s.idle()
	s.golden("stopped", s.all())

	s.say("run echo again; sleep 86414")
	s.allow()
	s.keys("y")
	s.sees("    again")
	s.keys("C-c", "C-c")
	if code := s.ended(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n := marked(t, "86414"); n > 0 {
		t.Errorf("%d commands outlive the program", n)
	}
}

// A conversation is killed while it asks, and while a command runs. Each time --resume
// continues it.
func TestChatResumesAfterAKill(t *testing.T) {
	s, root := newChat(t, talkative)
	s.chat(root)
	s.say("edit")
	s.allow()
	s.kill()

	s.run(root, "chat", "--no-docker", "--sandbox=none", "--resume=1")
	s.allow()
	s.keys("y")
	s.sees("modified greeting.txt", "It is done.")
	s.idle()
	s.golden("resumed", s.all())
	s.say("run echo begun; sleep 86415")
	s.allow()
	s.keys("y")
	s.sees("    begun")
	s.kill()

	s.chat(root, "--resume=1")
	s.sees("the last turn was cut off: say how to continue")
	s.say("go on")
	s.sees("You said: go on")
	s.idle()
	s.golden("cut-off", s.all())
	if n := marked(t, "86415"); n > 0 {
		t.Errorf("%d commands outlive the program", n)
	}
}

// kill ends the program with SIGKILL and its terminal with it.
func (s *terminal) kill() {
	s.Helper()
	if err := syscall.Kill(s.pid(), syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
	if code := s.ended(); code != 137 {
		s.Fatalf("exit code %d after SIGKILL", code)
	}
	s.tmux("kill-server")
}

func TestChatCommands(t *testing.T) {
	s, root := newChat(t, talkative)
	mine := filepath.Join(s.dir, "mine.txt")
	if err := os.WriteFile(mine, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.hidden = strings.NewReplacer(version(), "VERSION", s.dir, "~")
	s.chat(root)
	s.say("edit")
	s.allow()
	s.keys("y")
	s.sees("It is done.")
	s.idle()
	for _, c := range []struct{ say, see string }{
		{"/help", "/exit "},
		{"/diff", "+new world"},
		{"/undo", "1 file is restored"},
		{"/mode", "mode ask"},
		{"/mode plan", "mode plan, model"},
		{"/mode never", "never"},
		{"/model", "model gpt-4.1-mini"},
		{"/model other", "mode plan, model other"},
		{"/tools", "job_kill"},
		{"/tasks", "there are no tasks"},
		{"/cmd echo from here; cat greeting.txt", "from here"},
		{"/cp " + mine + " copy.txt", "copied to copy.txt"},
		{"/cp " + mine + " copy.txt", "exists"},
		{"/save talk.md", "saved to"},
		{"/new", "returns to"},
		{"/resume", "continues one"},
		{"/resume 1", "resumed"},
	} {
		s.say(c.say)
		s.sees(c.see)
		s.idle()
	}
	s.golden("commands", s.all())
	s.say("/mode ask")
	s.sees("mode ask, model other")
	s.idle()
	s.say("delegate")
	s.sees("It is done.", "report: finished")
	s.idle()
	s.say("/tasks")
	s.sees("finished, 1 round")
	s.idle()
	for file, want := range map[string]string{"greeting.txt": "Hello\nworld\n", "copy.txt": "mine\n", "talk.md": "edit"} {
		if text, err := os.ReadFile(filepath.Join(root, file)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %q, %v; want %q", file, text, err, want)
		}
	}
}

func TestChatCompletesCommands(t *testing.T) {
	s, root := newChat(t, talkative)
	s.chat(root)
	s.keys("/", "m", "o")
	s.sees("Tab: /mode /model")
	s.keys("Tab")
	s.sees("› /mode")
	s.keys("l", "Tab", "x", "Enter")
	s.sees("model x")
}

func TestChatLeaves(t *testing.T) {
	s, root := newChat(t, talkative)
	for _, leave := range []func(){
		func() { s.say("q") },
		func() { s.say("quit") },
		func() { s.say("/exit") },
		func() { s.keys("C-d") },
		func() { s.keys("C-c"); s.sees("Ctrl-C again leaves"); s.keys("C-c") },
	} {
		s.chat(root)
		leave()
		begun := time.Now()
		if code := s.ended(); code != 0 || time.Since(begun) > 10*time.Second {
			t.Errorf("exit code %d after %s", code, time.Since(begun))
		}
		s.tmux("kill-server")
	}
}

// The terminal keeps its earlier content, and the shell's prompt appears below the
// conversation.
func TestChatLeavesTheTerminalAsItWas(t *testing.T) {
	s, root := newChat(t, talkative)
	s.start(root, "seq 30; pygent chat --no-docker --sandbox=none; echo the shell again")
	s.read("/exit leaves.")
	s.idle()
	s.say("hello")
	s.sees("You said: hello")
	s.idle()
	s.say("/exit")
	s.read("the shell again")
	s.golden("shell", s.all())
}

// The screen reads Ctrl-C as a key, so an interrupt comes from another program.
func TestChatInterruptedFromOutsideLeavesTheTerminalAsItWas(t *testing.T) {
	s, root := newChat(t, talkative)
	s.start(root, `sh -c 'echo $$ >"$PID"; exec pygent chat --no-docker --sandbox=none'; echo "exit code $?"; stty -a; echo the end`)
	s.read("/exit leaves.")
	s.idle()
	if err := syscall.Kill(s.pid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	s.read("the end")
	if code, all := s.ended(), s.all(); code != exitCancelled || strings.Contains(all, "-icanon") || strings.Contains(all, "-echo ") {
		t.Errorf("exit code %d, and the terminal is\n%s", code, all)
	}
}
