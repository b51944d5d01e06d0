package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// patience bounds each wait for the screen.
const patience = 30 * time.Second

// terminal is a terminal for a test: its own tmux server with a screen of 80x24 cells.
type terminal struct {
	*testing.T
	dir    string // of the state, the settings and the sockets
	number int    // of the server: the one before it may still be ending
	env    []string
	hidden *strings.Replacer // what differs between runs
}

func newTerminal(t *testing.T, env ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		runtimetest.Missing(t, "tmux is not installed: .ci/setup installs it")
	}
	dir, err := os.MkdirTemp("", "term") // short: the path of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{T: t, dir: dir, hidden: strings.NewReplacer(version(), "VERSION")}
	s.env = append(s.env, "HOME="+dir, "PID="+dir+"/pid", "XDG_STATE_HOME="+dir+"/state", "XDG_CONFIG_HOME="+dir+"/config", "OPENAI_API_KEY=test", "NO_COLOR=", "LC_ALL=C.UTF-8")
	s.env = append(s.env, env...)
	t.Cleanup(func() {
		for ; s.number > 0; s.number-- {
			_ = s.command("kill-server").Run() // it may have ended
		}
		s.remove()
	})
	return s
}

// remove removes the directory. A program that has just lost its terminal may still write to
// it.
func (s *terminal) remove() {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		users, err := filepath.Glob("/proc/[0-9]*/cwd")
		if err != nil {
			s.Fatal(err)
		}
		if !slices.ContainsFunc(users, func(link string) bool {
			at, err := os.Readlink(link)
			return err == nil && strings.HasPrefix(at, s.dir+"/")
		}) {
			break
		}
	}
	if err := os.RemoveAll(s.dir); err != nil {
		s.Error(err)
	}
}

func (s *terminal) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-S", filepath.Join(s.dir, "tmux"+strconv.Itoa(s.number)), "-f", os.DevNull, "-u"}, args...)...)
	cmd.Env = append(os.Environ(), s.env...)
	return cmd
}

func (s *terminal) tmux(args ...string) string {
	s.Helper()
	out, err := s.command(args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		s.Fatalf("tmux %q: %v: %s", args, err, exit.Stderr)
	} else if err != nil {
		s.Fatal(err)
	}
	return string(out)
}

// run starts the program in root, on a new screen.
func (s *terminal) run(root string, args ...string) {
	s.Helper()
	s.start(root, `sh -c 'echo $$ >"$PID"; exec pygent "$@"' sh "$@"; echo "exit code $?"`, args...)
}

// start runs a script with arguments in root. Its screen stays after its end, because tmux
// does not always notice the end.
func (s *terminal) start(root, script string, args ...string) {
	s.Helper()
	s.number++
	s.tmux(append([]string{
		"set", "-g", "history-limit", "5000", ";", "set", "-g", "status", "off", ";", "set", "-wg", "scroll-on-clear", "off", ";",
		"set", "-g", "default-terminal", "screen-256color", ";", "set", "-s", "set-clipboard", "external", ";",
		"new-session", "-d", "-x", "80", "-y", "24", "-c", root, "--", "sh", "-c", "trap : INT; " + script + "\nexec sleep 3600", "sh",
	}, args...)...)
}

// keys presses keys by their names in tmux.
func (s *terminal) keys(names ...string) {
	s.Helper()
	s.tmux(append([]string{"send-keys", "--"}, names...)...)
}

// say types a line and enters it.
func (s *terminal) say(text string) {
	s.Helper()
	s.tmux("send-keys", "-l", "--", text)
	s.until(func(screen string) bool { return strings.Contains(screen, "› "+s.hidden.Replace(text)) }, "the input "+text)
	s.keys("Enter")
}

// screen returns the text on the terminal, without the parts that differ between runs.
func (s *terminal) screen() string {
	return s.hidden.Replace(s.tmux("capture-pane", "-p"))
}

// all returns the screen and the scrollback.
func (s *terminal) all() string {
	return s.hidden.Replace(s.tmux("capture-pane", "-p", "-S", "-"))
}

// sees waits until the screen shows all texts.
func (s *terminal) sees(texts ...string) {
	s.Helper()
	s.until(func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	}, strings.Join(texts, " and "))
}

func (s *terminal) until(ok func(screen string) bool, what string) {
	s.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		screen := s.screen()
		if ok(screen) {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("the screen does not show %s:\n%s", what, screen)
		}
	}
}

// read waits until the texts are on the screen or above it.
func (s *terminal) read(text string) {
	s.Helper()
	s.until(func(string) bool { return strings.Contains(s.all(), text) }, text)
}

// idle waits until nothing runs: then the last line does not mention Ctrl-C.
func (s *terminal) idle() {
	s.Helper()
	s.until(func(screen string) bool {
		screen = strings.TrimSpace(screen)
		return strings.Contains(screen, "› say something") && !strings.Contains(screen[strings.LastIndexByte(screen, '\n')+1:], "Ctrl-C")
	}, "the end of the turn")
}

// ended waits for the program's end and returns its exit code, above 128 when it
// was killed.
func (s *terminal) ended() (code int) {
	s.Helper()
	s.until(func(screen string) bool {
		_, after, ok := strings.Cut(screen, "exit code ")
		n, _ := fmt.Sscan(after, &code)
		return ok && n == 1
	}, "the end of the program")
	return code
}

// pid is the program's.
func (s *terminal) pid() (pid int) {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "pid"))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		s.Fatalf("pid %q: %v", text, err)
	}
	return pid
}

// Parts that differ between runs: names, times and durations.
var (
	volatile = regexp.MustCompile(`\btask_[0-9a-z]+|\bs_[0-9a-z]+|\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}`)
	took     = regexp.MustCompile(`(?m) [0-9]+s$`)
)

// golden compares text with a file of testdata/chat.
func (s *terminal) golden(name, text string) {
	s.Helper()
	text = took.ReplaceAllString(volatile.ReplaceAllString(text, "…"), "")
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	text = strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata/chat", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			s.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); d != "" {
		s.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// allow waits until keys can answer an approval.
func (s *terminal) allow() {
	s.Helper()
	s.until(func(screen string) bool { return strings.Contains(screen, "Allow?\n") }, "an approval that takes keys")
}
