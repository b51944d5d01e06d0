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

// TestConversations plays the files in testdata. The section "client" is the
// whole input, "server" the whole output and the exit code. In both, with
// headers, a line "> TEXT" stands for a frame around TEXT, and a line "= QUOTED"
// for raw bytes. Without either (a script) lines are lines. The comment says
// what the conversation is about; "max: N" in it sets the message limit.
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
	script := !strings.HasPrefix(string(client.Data), ">") && !strings.HasPrefix(string(client.Data), "=")
	input := client.Data
	if !script {
		input = pack(t, string(client.Data))
	}
	// The input stays open as long as the server wants to read, unless the file
	// says that it ends.
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

func pack(t *testing.T, text string) []byte {
	var b []byte
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "> "):
			b = append(b, frame(line[2:])...)
		case strings.HasPrefix(line, "= "):
			raw, err := strconv.Unquote(line[2:])
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			b = append(b, raw...)
		case line != "":
			t.Fatalf("neither a frame nor raw bytes: %q", line)
		}
	}
	return b
}

// unpack writes frames as "> TEXT"; what is no byte-exact frame is quoted.
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
