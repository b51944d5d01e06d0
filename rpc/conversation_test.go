package rpc

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pygent/pygent/runtime"
)

var update = flag.Bool("update", false, "write what the server said into testdata/*.txtar")

// TestConversations plays the files in testdata. The section "client" is the whole input,
// "server" the whole output and the exit code. With headers, a line "> TEXT" in either
// section is a frame with TEXT, and a line "= QUOTED" is raw bytes. A client's "! TEXT" is
// a frame that the protocol's schema refuses; the schema allows all other frames. A client
// section without these marks is a script, whose lines are sent as they are. The comment
// describes the conversation; "max: N" in it sets the message limit.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { play(t, file) })
	}
}

func play(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{Initialize: func(context.Context, InitializeParams) (Setup, error) {
		return Setup{Runtime: runtime.Info{Kind: "local", Sandbox: "none"}, Tools: []string{"bash"}, MaxTasks: 3}, nil
	}}
	if _, n, ok := strings.Cut(string(a.Comment), "max: "); ok {
		opts.MaxMessageBytes, _ = strconv.ParseInt(strings.Fields(n)[0], 10, 64)
	}
	client, server := section(t, a, "client"), section(t, a, "server")
	check := newFrameCheck(t, schemaOf(labTable()))
	script := isScript(string(client.Data))
	read := pack
	if script {
		read = packScript
	}
	input, text := read(t, check, string(client.Data))
	client.Data = []byte(text)
	// The input stays open while the server reads, unless the file says that it ends.
	var out buffer
	begun := time.Now()
	code, err := newLab(opts).Serve(context.Background(), bytes.NewReader(input), &out)
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
	got := out.String()
	if !script {
		got = unpack(got)
	}
	for line := range strings.Lines(got) {
		if text := strings.TrimPrefix(line, "> "); !strings.HasPrefix(text, "= ") {
			check.fromServer(strings.TrimSuffix(text, "\n"))
		}
	}
	got += fmt.Sprintf("exit %d\n", code)
	if err != nil {
		got += fmt.Sprintf("error: %v\n", err)
	}
	if *update {
		server.Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(server.Data), got); diff != "" {
		t.Errorf("the server said (-want +got):\n%s", diff)
	}
}

func section(t *testing.T, a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	t.Fatalf("no section %q", name)
	return nil
}

// isScript reports whether client is a script. Input with headers has frames or raw bytes.
func isScript(client string) bool {
	for line := range strings.Lines(client) {
		if strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "= ") {
			return false
		}
	}
	return true
}

// packScript is pack for a script. The only mark of its lines is "! ".
func packScript(t *testing.T, check *frameCheck, client string) (input []byte, text string) {
	var marked strings.Builder
	for line := range strings.Lines(client) {
		bare := strings.TrimPrefix(line, "! ")
		input = append(input, bare...)
		if strings.TrimSpace(bare) != "" {
			line = strings.TrimPrefix(mark(t, check, line), "> ")
		}
		marked.WriteString(line)
	}
	return input, marked.String()
}

// pack makes the input. It also returns the client's text with marks by the schema. Without
// -update, wrong marks are an error.
func pack(t *testing.T, check *frameCheck, client string) (input []byte, text string) {
	var marked strings.Builder
	for line := range strings.Lines(client) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "> "), strings.HasPrefix(line, "! "):
			input = append(input, frame(line[2:])...)
			line = mark(t, check, line)
		case strings.HasPrefix(line, "= "):
			raw, err := strconv.Unquote(line[2:])
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			input = append(input, raw...)
		case line != "":
			t.Fatalf("neither a frame nor raw bytes: %q", line)
		}
		marked.WriteString(line + "\n")
	}
	return input, marked.String()
}

// mark validates a client's line and returns it with the right mark.
func mark(t *testing.T, check *frameCheck, line string) string {
	t.Helper()
	bare, refused := strings.CutPrefix(line, "! ")
	bare = strings.TrimPrefix(bare, "> ")
	err := check.fromClient(bare)
	if refused != (err != nil) && !*update {
		t.Errorf("the schema's verdict does not fit the mark of the line: %s\n%v", line, err)
	}
	if err != nil {
		return "! " + bare
	}
	return "> " + bare
}

// unpack writes frames as "> TEXT". Other bytes are quoted.
func unpack(out string) string {
	var b strings.Builder
	for out != "" {
		head, rest, ok := strings.Cut(out, "\r\n\r\n")
		n, err := strconv.Atoi(strings.TrimPrefix(head, "Content-Length: "))
		if !ok || err != nil || n > len(rest) || head != fmt.Sprintf("Content-Length: %d", n) {
			fmt.Fprintf(&b, "= %q\n", out)
			break
		}
		fmt.Fprintf(&b, "> %s\n", rest[:n])
		out = rest[n:]
	}
	return b.String()
}
