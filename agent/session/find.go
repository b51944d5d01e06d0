package session

import (
	"context"

	"github.com/pygent/pygent/runtime/search"
)

// FindFilesParams are the parameters of files/find.
type FindFilesParams struct {
	SessionID string `json:"sessionId,omitempty" jsonschema:"absent: the connection's own session"`
	Query     string `json:"query" jsonschema:"letters of the path, in their order; empty: all paths; an upper-case letter makes letter case count"`
	Limit     int    `json:"limit,omitempty" jsonschema:"default 50, at most 1,000"`
}

// FoundFiles is the result of files/find.
type FoundFiles struct {
	Files    []FoundFile `json:"files" jsonschema:"the best first"`
	Complete bool        `json:"complete" jsonschema:"these are all that fit"`
}

// FoundFile is a path in the workspace.
type FoundFile struct {
	Path string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Kind string `json:"kind" jsonschema:"file, dir or link"`
}

// FindFiles serves files/find: it finds paths by some of their letters, for a user
// who types a path. See search.Find for their order and for what is left out.
func (s *Manager) FindFiles(ctx context.Context, p FindFilesParams) (FoundFiles, error) {
	res := FoundFiles{Files: []FoundFile{}}
	at, err := s.Place(ctx, p.SessionID)
	if err != nil {
		return res, err
	}
	found, complete, err := search.Find(ctx, at.Runtime.Workspace(), p.Query, p.Limit)
	if err != nil {
		return res, err
	}
	for _, f := range found {
		res.Files = append(res.Files, FoundFile(f))
	}
	res.Complete = complete
	return res, nil
}
