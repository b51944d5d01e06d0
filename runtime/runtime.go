package runtime

import (
	"context"
	"encoding/base64"
	"errors"
	"time"
	"unicode/utf8"
)

// Defaults and caps of a Runtime.
const (
	DefaultTimeout = 30 * time.Second // of a command without a time limit of its own
	// MaxReadBytes bounds what ReadFile returns of a file.
	MaxReadBytes = 8 << 20
)

// Encodings of file content, as the protocol names them.
const (
	EncodingUTF8   = "utf-8"
	EncodingBase64 = "base64"
)

// Options are the limits of a Runtime; zero values mean the defaults.
type Options struct {
	OutputBytes int // kept of a command's output: DefaultOutputBytes

	// View runs commands that cannot write to the same workspace; nil where
	// that is not possible. The Runtime closes it.
	View Executor
}

// Runtime runs commands and handles files in one workspace. It owns its
// Workspace and its Executor: Cleanup ends both. It is safe for concurrent use.
type Runtime struct {
	ws     *Workspace
	exec   Executor
	output int
	jobs   jobs
	view   *Runtime // the same workspace, not writable for commands; nil where there is none
}

// New joins a workspace and the executor that runs commands in it.
func New(ws *Workspace, exec Executor, opts Options) *Runtime {
	r := &Runtime{ws: ws, exec: exec, output: opts.OutputBytes}
	if r.output <= 0 {
		r.output = DefaultOutputBytes
	}
	if opts.View != nil {
		r.view = New(ws, opts.View, Options{OutputBytes: r.output})
	}
	return r
}

// View returns a Runtime whose commands can read the workspace and not write to
// it, nil where that is not possible. It ends with r. Its own methods, such as
// WriteFile, can still write.
func (r *Runtime) View() *Runtime { return r.view }

// Workspace returns the directory that commands run in and paths are relative
// to.
func (r *Runtime) Workspace() *Workspace { return r.ws }

// Info describes what commands run in. It never blocks.
func (r *Runtime) Info() Info {
	info := r.exec.Info()
	info.Workspace = r.ws.Dir()
	info.Limits.OutputBytes = int64(r.output)
	return info
}

// WriteFile creates or replaces a file, its directories too, and answers "Wrote
// a/b.txt". See Workspace.WriteFile for the details.
func (r *Runtime) WriteFile(path, content string, allowed ...string) (string, Change, error) {
	change, err := r.ws.WriteFile(path, []byte(content), allowed...)
	if err != nil {
		return "", Change{}, err
	}
	return "Wrote " + change.Path, change, nil
}

// ReadFile returns at most the first MaxReadBytes of a file; truncated reports
// whether there is more. encoding is EncodingBase64 when binary is set or the
// content is not UTF-8, else EncodingUTF8. A missing file is an error that
// wraps ErrNotFound and reads "file NAME not found".
func (r *Runtime) ReadFile(path string, binary bool) (content, encoding string, truncated bool, err error) {
	data, more, err := r.ws.readPrefix(path, MaxReadBytes)
	if err != nil {
		return "", "", false, err
	}
	if !binary {
		text := data
		if more {
			text = data[:len(data)-incomplete(data)]
		}
		if utf8.Valid(text) {
			return string(text), EncodingUTF8, more, nil
		}
	}
	return base64.StdEncoding.EncodeToString(data), EncodingBase64, more, nil
}

// Stop ends every command and job and releases what the executor holds (a
// container), bounded by ctx; files can still be read and written. Commands fail
// afterwards.
func (r *Runtime) Stop(ctx context.Context) error {
	var view error
	if r.view != nil {
		view = r.view.Stop(ctx)
	}
	return errors.Join(r.exec.Close(ctx), r.jobs.wait(ctx), view)
}

// Cleanup ends every command and job, releases what the executor holds (a container)
// and removes the workspace if it is a temporary one. ctx bounds the first two;
// the workspace goes in any case. It may be called again.
func (r *Runtime) Cleanup(ctx context.Context) error {
	return errors.Join(r.Stop(ctx), r.ws.Close())
}
