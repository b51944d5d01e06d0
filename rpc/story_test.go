package rpc

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestStories plays the files in testdata/methods, at least one for each method. They are
// conversations with real sessions and tasks, a scripted model ("model", one reply per
// line) and scripted commands ("commands"), on a fake clock. Files of the session's
// workspace are "workspace/PATH".
//
// The sections "client" and "server" alternate. A client's line is sent when the server is
// idle: "> TEXT" is a message, "! TEXT" a message that the schema refuses, "~ 30s" lets
// time pass. A server's section has all its messages until it is idle. Messages without a
// fixed order are sorted: answers that wait for nothing come first, messages of tasks last.
// Ids and temporary directories are numbered, and only the story of initialize shows the
// full answer to it. If the client does not begin with initialize, the test sends it, and
// sends shutdown and exit at the end. The lines of "setup" are sent like a client's, but
// the server's messages are not shown.
//
// The reference takes its examples from these files. A new file needs only the sections of
// the client; -update writes those of the server.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/methods/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			synctest.Test(t, func(t *testing.T) { tell(t, file) })
		})
	}
}

// Every method of the table has its story.
func TestEveryMethodHasStory(t *testing.T) {
	for _, e := range methods() {
		file := "testdata/methods/" + storyName(e.name)
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Errorf("no story of %s: write %s and run go test ./rpc -run Stories -update, then go generate ./rpc", e.name, file)
			continue
		}
		told := slices.ContainsFunc(a.Files, func(f txtar.File) bool {
			return strings.Contains(string(f.Data), fmt.Sprintf(`"method":%q`, e.name))
		})
		if !told {
			t.Errorf("%s does not tell of %s", file, e.name)
		}
	}
}

// story plays one conversation.
type story struct {
	t     *testing.T
	check *frameCheck
	names *pseudonyms
	in    io.Writer
	opens bool // the story is that of initialize
	lists bool // the story lists sessions, which are sorted by the times of their files

	mu   sync.Mutex
	said []string // by the server, not yet taken
}

func tell(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, model: &storyModel{replies: records[storyReply](t, a, "model")}, commands: records[houseCommand](t, a, "commands")}
	for _, f := range a.Files {
		if path, ok := strings.CutPrefix(f.Name, "workspace/"); ok {
			h.files = append(h.files, txtar.File{Name: path, Data: f.Data})
		}
	}
	h.open(t.Context())
	v := serve(t, t.Context(), h.server)
	s := &story{
		t: t, check: newFrameCheck(t, Schema()), names: newPseudonyms(), in: v.in,
		opens: strings.HasSuffix(file, storyName(MethodInitialize)),
		lists: strings.Contains(string(txtar.Format(a)), `"session/list"`),
	}
	go s.listen(v)
	complete := strings.Contains(firstClient(a), `"method":"initialize"`)
	if !complete {
		s.say("> " + initialize)
		s.take()
	}
	told := s.play(a)
	if !complete {
		s.say(`> {"jsonrpc":"2.0","id":"down","method":"shutdown"}`)
		s.say(`> {"jsonrpc":"2.0","method":"exit"}`)
	}
	want := ExitAbrupt
	if !complete || strings.Contains(string(txtar.Format(a)), `"method":"shutdown"`) {
		want = ExitOK
	}
	_ = v.in.Close()
	if o := <-v.result; o.code != want || o.err != nil {
		t.Errorf("Serve = %d, %v, want %d", o.code, o.err, want)
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(told), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(told))); diff != "" {
		t.Errorf("it went otherwise (-want +got):\n%s", diff)
	}
}

// play plays the sections and returns them with the server's messages.
func (s *story) play(a *txtar.Archive) *txtar.Archive {
	told := &txtar.Archive{Comment: a.Comment}
	for _, f := range a.Files {
		if f.Name == "server" {
			continue
		}
		if f.Name == "client" || f.Name == "setup" {
			f.Data = []byte(s.client(string(f.Data)))
		}
		told.Files = append(told.Files, f)
		if server := []byte(s.take()); f.Name == "client" {
			told.Files = append(told.Files, txtar.File{Name: "server", Data: server})
		}
	}
	return told
}

func firstClient(a *txtar.Archive) string {
	for _, f := range a.Files {
		if f.Name == "client" || f.Name == "setup" {
			line, _, _ := strings.Cut(string(f.Data), "\n")
			return line
		}
	}
	return ""
}

// listen collects the server's messages until the end.
func (s *story) listen(v *served) {
	for {
		text, err := readFrame(v.out)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.said = append(s.said, text)
		s.mu.Unlock()
	}
}

// client plays a client's section and returns it with the right marks.
func (s *story) client(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line != "" {
			b.WriteString(s.say(line) + "\n")
		}
	}
	return b.String()
}

// say plays one line when the server is idle.
func (s *story) say(line string) string {
	s.t.Helper()
	synctest.Wait()
	if pause, ok := strings.CutPrefix(line, "~ "); ok {
		d, err := time.ParseDuration(pause)
		if err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(d)
		synctest.Wait()
		return line
	}
	real := s.names.real(line)
	marked := mark(s.t, s.check, real)
	if _, err := io.WriteString(s.in, frame(real[2:])); err != nil {
		s.t.Fatalf("%s: %v", line, err)
	}
	synctest.Wait()
	if s.lists {
		s.tick()
	}
	return marked[:2] + line[2:]
}

// take returns the server's messages since the last take, in the fixed order.
func (s *story) take() string {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	said := s.said
	s.said = nil
	s.mu.Unlock()
	var answers, own, ofTasks strings.Builder
	for _, text := range said {
		s.check.fromServer(text)
		to := &own
		switch {
		case ofTask.MatchString(text):
			to = &ofTasks
		case freeAnswer.MatchString(text):
			to = &answers
		}
		fmt.Fprintf(to, "> %s\n", text)
	}
	text := s.names.shown(answers.String() + own.String() + ofTasks.String())
	if !s.opens {
		text = setup.ReplaceAllString(text, `"capabilities":{…}}}`)
	}
	return text
}

var (
	// ofTask matches messages about a task.
	ofTask = regexp.MustCompile(`^\{"jsonrpc":"2\.0","method":"(tasks/changed"|agent/event","params":\{[^}]*"taskId":")`)

	// freeAnswer matches answers that do not wait for the events of their turn.
	freeAnswer = regexp.MustCompile(`"result":\{("interrupted":|"sessionId":"[^"]*","turnId":"[^"]*"(\}|,"status":"(accepted|queued|steered)"))`)

	// setup matches the capabilities in the answer to initialize.
	setup = regexp.MustCompile(`"capabilities":\{"experimental":.*\}\}`)
)
