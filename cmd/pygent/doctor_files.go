package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pygent/pygent/agent/journal"
)

// maxCounted bounds the files of the state directory whose sizes are added up.
const maxCounted = 200_000

// onPath is whether `pygent` starts this program, which is what editors do.
func onPath(exe string) finding {
	f := finding{Area: areaProgram, Name: "PATH"}
	found, err := exec.LookPath("pygent")
	if err != nil {
		f.Detail = "`pygent` is not found: an editor cannot start it by name"
		f.Cure = "add " + filepath.Dir(exe) + " to PATH"
		return f
	}
	f.OK, f.Detail = true, "`pygent` is "+found
	a, errA := os.Stat(found)
	b, errB := os.Stat(exe)
	if errA == nil && errB == nil && !os.SameFile(a, b) {
		f.OK, f.Cure = false, "it is not the program that speaks here: remove one, or put the other's directory first in PATH"
	}
	return f
}

// stateFinding is whether there is a place for sessions and logs, and how much is
// in it. Without one Pygent works all the same.
func stateFinding() finding {
	f := finding{Area: areaState, Name: "directory"}
	dir, err := makeStateDir()
	if err != nil {
		f.Detail, f.Cure = err.Error(), "make it yours to write, or set XDG_STATE_HOME to a directory that is; until then no session is kept and nothing is undone"
		return f
	}
	var files, size int64
	walked := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // what is being removed meanwhile, or belongs to a command's home
		}
		if files++; files > maxCounted {
			return fs.SkipAll
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	f.OK = walked == nil
	more := ""
	if files > maxCounted {
		more = "more than "
	}
	f.Detail = fmt.Sprintf("%s, %s%s", dir, more, megabytes(size))
	if list, err := journal.NewStore(filepath.Join(dir, "sessions")).List(); err == nil {
		f.Detail += fmt.Sprintf(", %d session(s) with those of tasks", len(list))
	}
	return f
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// editor is one that has a client, with the files that show it is installed.
type editor struct {
	name     string
	programs []string
	clients  []string // patterns of filepath.Glob
}

// places are the editors of a user with this machine's conventions.
func places() []editor {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		data = filepath.Join(home, ".local", "share")
	}
	var code []string
	for _, dir := range []string{".vscode", ".vscode-server", ".vscode-oss", ".cursor", ".windsurf"} {
		code = append(code, filepath.Join(home, dir, "extensions", "pygent.pygent-*"))
	}
	return []editor{
		{"VS Code", []string{"code", "codium", "cursor", "windsurf"}, code},
		{"Neovim", []string{"nvim"}, []string{
			filepath.Join(data, "nvim", "site", "pack", "*", "*", "pygent*"),
			filepath.Join(data, "nvim", "lazy", "pygent*"),
		}},
	}
}

// editors tells of those that are there, with or without their client.
func editors(known []editor) []finding {
	var list []finding
	for _, e := range known {
		f := finding{Area: areaEditors, Name: e.name}
		for _, pattern := range e.clients {
			if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
				f.OK, f.Detail = true, "its client is "+found[0]
			}
		}
		for _, name := range e.programs {
			if path, err := exec.LookPath(name); err == nil && !f.OK && f.Detail == "" {
				f.Detail, f.Cure = path+" has no client in its usual places", "editors/ in Pygent's repository has one"
			}
		}
		if f.Detail != "" {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		list = append(list, finding{Area: areaEditors, Name: "editors", OK: true, Detail: "none found that Pygent has a client for; not needed"})
	}
	return list
}
