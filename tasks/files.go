package tasks

import (
	"context"

	"github.com/pygent/pygent/runtime"
)

// FileParams are the parameters of files/read.
type FileParams struct {
	TaskID    string `json:"taskId,omitempty" jsonschema:"read in the task's workspace"`
	SessionID string `json:"sessionId,omitempty" jsonschema:"read in the session's; neither: the connection's own session"`
	Path      string `json:"path"`
	Binary    bool   `json:"binary,omitempty" jsonschema:"true: base64 in any case"`
}

// FileContent is the result of files/read.
type FileContent struct {
	Content   string `json:"content"`
	Encoding  string `json:"encoding" jsonschema:"utf-8, or base64 where asked for or where it is not UTF-8"`
	Truncated bool   `json:"truncated" jsonschema:"this is the beginning of a file that is longer than 8 MiB"`
}

// ReadFile serves files/read: it reads a file in a task's or a session's
// workspace.
func (m *Manager) ReadFile(ctx context.Context, p FileParams) (FileContent, error) {
	rt, err := m.place(ctx, p.TaskID, p.SessionID)
	if err != nil {
		return FileContent{}, err
	}
	content, encoding, truncated, err := rt.ReadFile(p.Path, p.Binary)
	if err != nil {
		return FileContent{}, err
	}
	return FileContent{Content: content, Encoding: encoding, Truncated: truncated}, nil
}

// ListFilesParams are the parameters of files/list.
type ListFilesParams struct {
	TaskID    string `json:"taskId,omitempty" jsonschema:"list in the task's workspace"`
	SessionID string `json:"sessionId,omitempty" jsonschema:"list in the session's; neither: the connection's own session"`
	Path      string `json:"path,omitempty" jsonschema:"a directory; absent: the workspace itself"`
}

// FileList is the result of files/list.
type FileList struct {
	Entries   []runtime.Entry `json:"entries" jsonschema:"in the order of names"`
	Truncated bool            `json:"truncated" jsonschema:"there are more than the 10,000 that are listed"`
}

// ListFiles serves files/list: it lists a directory of a task's or a session's
// workspace, without its subdirectories.
func (m *Manager) ListFiles(ctx context.Context, p ListFilesParams) (FileList, error) {
	rt, err := m.place(ctx, p.TaskID, p.SessionID)
	if err != nil {
		return FileList{}, err
	}
	entries, truncated, err := rt.Workspace().List(p.Path, runtime.ListOptions{})
	if err != nil {
		return FileList{}, err
	}
	return FileList{Entries: entries, Truncated: truncated}, nil
}

// place returns the runtime of a task or of a session.
func (m *Manager) place(ctx context.Context, taskID, sessionID string) (*runtime.Runtime, error) {
	if taskID == "" {
		at, err := m.opts.Sessions.Place(ctx, sessionID)
		return at.Runtime, err
	}
	if sessionID != "" {
		return nil, &runtime.InvalidError{Field: "sessionId", Reason: "and taskId exclude each other"}
	}
	return m.runtimeOf(taskID)
}
