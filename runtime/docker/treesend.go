package docker

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/internal/nolink"
	"github.com/pygent/pygent/runtime/supervisor"
)

const (
	tempPrefix   = ".pygent-" // of temporary files of writes to the workspace
	removeBytes  = 64 << 10   // of names for one rm
	removeTime   = 30 * time.Second
	nobody       = 65534 // owner of PID 1's program, so that no command can change it
	programBytes = 256 << 20
)

// sendProgram copies the supervisor's program, its loader and its libraries
// into a container that has not been started.
func (t *tree) sendProgram(ctx context.Context, o Options) error {
	return t.upload(ctx, programDir, func(w *tar.Writer) error {
		dir := tar.Header{Typeflag: tar.TypeDir, Name: ".." + programDir + "/", Mode: 0o555, Uid: nobody, Gid: nobody}
		if err := w.WriteHeader(&dir); err != nil {
			return err
		}
		if err := addProgram(w, path.Base(programPath), o.Supervisor.Path); err != nil {
			return err
		}
		files := o.link.all()
		if len(files) == 0 {
			return nil
		}
		lib := path.Base(libraryDir)
		dir.Name = lib + "/"
		if err := w.WriteHeader(&dir); err != nil {
			return err
		}
		for name, file := range files {
			if err := addProgram(w, lib+"/"+name, file); err != nil {
				return err
			}
		}
		return nil
	})
}

// addProgram adds a file that no command can change to an archive.
func addProgram(w *tar.Writer, name, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("the supervisor's program: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > programBytes {
		return fmt.Errorf("the supervisor's program %s is not a file of at most %d bytes: %w", file, programBytes, err)
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o555, Uid: nobody, Gid: nobody, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.CopyN(w, f, info.Size())
	return err
}

// send copies to the container what has changed in the workspace since the last
// transfer.
func (t *tree) send(ctx context.Context) error {
	root, done, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	changed, removed, err := t.compare(root)
	if err != nil {
		return err
	}
	if err := t.removeThere(ctx, removed); err != nil {
		return err
	}
	first := len(t.known) == 0
	if len(changed) == 0 && !first {
		return nil
	}
	return t.upload(ctx, workDir, func(w *tar.Writer) error {
		// The first transfer makes the user the owner of the workspace
		// directory itself. Daemons ignore an entry for the directory that they
		// extract in, but not this name of it.
		if first {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: ".." + workDir + "/", Mode: 0o755, Uid: t.uid, Gid: t.gid}); err != nil {
				return err
			}
		}
		for _, name := range changed {
			if err := t.write(w, root, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// compare walks the workspace. It leaves out special files.
func (t *tree) compare(root *os.Root) (changed, removed []string, err error) {
	left, seen := t.limit, make(map[string]bool, len(t.known))
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case name == ".":
			return err
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: copy %q to the container: %w", runtime.ErrUnavailable, name, err)
		case strings.HasPrefix(path.Base(name), tempPrefix), !plain(d.Type()):
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil // it was just removed
		}
		seen[name] = true
		if was, ok := t.known[name]; !ok || !was.unchanged(info) {
			changed = append(changed, name)
		}
		if !left.spend(sizeOf(info)) {
			return t.tooLarge(name)
		}
		return nil
	})
	for name := range t.known {
		if !seen[name] {
			removed = append(removed, name)
		}
	}
	slices.Sort(removed)
	return changed, removed, err
}

func plain(mode fs.FileMode) bool {
	return mode.IsRegular() || mode.IsDir() || mode&fs.ModeType == fs.ModeSymlink
}

// cleanMode returns the part of a mode that is transferred.
func cleanMode(mode fs.FileMode) fs.FileMode {
	if mode&fs.ModeSymlink != 0 {
		return fs.ModeSymlink
	}
	return mode & (fs.ModeDir | fs.ModePerm)
}

func sizeOf(info fs.FileInfo) int64 {
	if info.Mode().IsRegular() {
		return info.Size()
	}
	return 0
}

// write adds one entry to the archive, unless it was removed meanwhile.
func (t *tree) write(w *tar.Writer, root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err != nil || !plain(info.Mode()) {
		return nil
	}
	now := entry{mode: cleanMode(info.Mode()), size: sizeOf(info), mtime: info.ModTime(), stamp: stampOf(info)}
	head := tar.Header{Name: name, Mode: int64(now.mode.Perm()), Uid: t.uid, Gid: t.gid, ModTime: now.mtime, Size: now.size, Typeflag: tar.TypeReg}
	var from io.Reader = strings.NewReader("")
	switch {
	case info.IsDir():
		head.Typeflag = tar.TypeDir
	case now.mode == fs.ModeSymlink:
		if now.link, err = root.Readlink(name); err != nil {
			return nil
		}
		head.Typeflag, head.Linkname = tar.TypeSymlink, now.link
	default:
		f, err := root.OpenFile(name, os.O_RDONLY|nolink.Nonblock, 0)
		if err != nil {
			return fmt.Errorf("%w: copy %q to the container: %w", runtime.ErrUnavailable, name, err)
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	if err := w.WriteHeader(&head); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.CopyN(io.MultiWriter(w, sum), from, now.size)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n < now.size { // it just became shorter: the next transfer finds that
		now.mtime = time.Time{}
		if _, err := io.CopyN(io.MultiWriter(w, sum), zeros{}, now.size-n); err != nil {
			return err
		}
	}
	if head.Typeflag == tar.TypeReg {
		sum.Sum(now.sum[:0])
	}
	t.known[name] = now
	delete(t.there, name)
	return nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// upload extracts the archive that fill writes into a directory of the
// container.
func (t *tree) upload(ctx context.Context, dir string, fill func(*tar.Writer) error) error {
	r, pipe := io.Pipe()
	filled := make(chan error, 1)
	t.s.work.Go(func() {
		buffered := bufio.NewWriterSize(pipe, 64<<10)
		w := tar.NewWriter(buffered)
		err := fill(w)
		err = errors.Join(err, w.Close())
		err = errors.Join(err, buffered.Flush())
		_ = pipe.CloseWithError(err)
		filled <- err
	})
	err := t.s.client.api.CopyToContainer(ctx, t.s.id, dir, r, container.CopyToContainerOptions{AllowOverwriteDirWithFile: true})
	_ = r.Close()
	fillErr := <-filled
	switch {
	case err == nil && fillErr == nil:
		return nil
	case fillErr != nil && !errors.Is(fillErr, io.ErrClosedPipe):
		err = fillErr
	}
	clear(t.known) // it is unknown what arrived: send everything again
	if errors.Is(err, runtime.ErrUnavailable) {
		return err
	}
	return t.s.client.explain("copy files into the container", err)
}

// removeThere removes from the container what was removed from the workspace.
func (t *tree) removeThere(ctx context.Context, names []string) error {
	for len(names) > 0 {
		argv := []string{"rm", "-rf", "--"}
		for size := 0; len(names) > 0 && size < removeBytes; names = names[1:] {
			argv = append(argv, "./"+names[0])
			size += len(names[0])
			delete(t.known, names[0])
		}
		if err := t.do(ctx, argv); err != nil {
			return fmt.Errorf("%w: remove files in the container: %w", runtime.ErrUnavailable, err)
		}
	}
	return nil
}

// do runs one of our own commands in the container's workspace.
func (t *tree) do(ctx context.Context, argv []string) error {
	ctx, cancel := context.WithTimeout(ctx, removeTime)
	defer cancel()
	script := []string{"-c", `cd ` + workDir + ` && "$@" && echo done`, "sh"}
	var text strings.Builder
	var err error
	if t.s.sup != nil {
		_, err = t.s.sup.Exec(ctx, supervisor.Start{Argv: append(append([]string{shellPath}, script...), argv...), Env: t.s.env, Dir: "/"}, &text)
	} else {
		var said string
		said, err = t.s.output(ctx, append(append([]string{"sh"}, script...), argv...), markSweep)
		text.WriteString(said)
	}
	if err == nil && strings.TrimSpace(text.String()) != "done" {
		err = fmt.Errorf("%s: %s", argv[0], lastLine(text.String()))
	}
	return err
}
