package docker

import (
	"bytes"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// link holds the loader and the libraries of a dynamically linked program,
// which Go makes where there is a C compiler. The image may have no libraries,
// or others. So those of this machine are put beside the program, and their
// loader starts it. The zero link is that of a static program.
type link struct {
	loader string            // the file on this machine, "" for none
	files  map[string]string // libraries on this machine, by the names that the loader looks for
}

const (
	libraryDir = programDir + "/lib"
	loaderName = "loader"
)

// maxName bounds the path of a loader.
const maxName = 4096

// preloads are variables by which the image would make the loader load
// libraries into the supervisor. Only commands get them.
var preloads = []string{"LD_PRELOAD", "LD_AUDIT"}

// start returns the beginning of the command line.
func (l link) start() []string {
	if l.loader == "" {
		return []string{programPath}
	}
	return []string{libraryDir + "/" + loaderName, "--library-path", libraryDir, programPath}
}

// all lists the files to be put into libraryDir, by their names there.
func (l link) all() map[string]string {
	all := maps.Clone(l.files)
	if l.loader != "" {
		all[loaderName] = l.loader
	}
	return all
}

// withhold sets the preloads in an environment to empty values.
func withhold(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), isPreload)
	for _, name := range preloads {
		env = append(env, name+"=")
	}
	return env
}

// restore sets the preloads for commands again, each to its value in the last
// of the environments that has it.
func restore(env []string, from ...[]string) []string {
	env = slices.DeleteFunc(env, isPreload)
	for _, name := range preloads {
		for _, vars := range slices.Backward(from) {
			i := slices.IndexFunc(vars, func(v string) bool { return strings.HasPrefix(v, name+"=") })
			if i >= 0 {
				env = append(env, vars[i])
				break
			}
		}
	}
	return env
}

func isPreload(v string) bool {
	name, _, _ := strings.Cut(v, "=")
	return slices.Contains(preloads, name)
}

// linkOf finds the libraries of a program among those that this process has
// loaded: the program is this one, or needs no others. A file that is no ELF
// file is left to the kernel.
func linkOf(program string) (link, error) {
	f, err := elf.Open(program)
	if err != nil {
		return link{}, nil //nolint:nilerr // the start of the program fails
	}
	defer func() { _ = f.Close() }()
	loader := interpreter(f)
	if loader == "" {
		return link{}, nil
	}
	needs, err := f.ImportedLibraries()
	if err != nil {
		return link{}, err
	}
	if loader, err = filepath.EvalSymlinks(loader); err != nil {
		return link{}, fmt.Errorf("its loader: %w", err)
	}
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return link{}, fmt.Errorf("its libraries: %w", err)
	}
	files, err := closure(needs, loader, libraries(mapped(string(text))))
	return link{loader, files}, err
}

// interpreter returns the loader that an ELF file names, "" for none.
func interpreter(f *elf.File) string {
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz > maxName {
			continue
		}
		text := make([]byte, p.Filesz)
		if _, err := p.ReadAt(text, 0); err == nil {
			return string(bytes.TrimRight(text, "\x00"))
		}
	}
	return ""
}

// mapped lists the files that are mapped into a process, from the text of its
// maps. For a file that was replaced since, as by an update, it lists the new
// one.
func mapped(text string) (files []string) {
	for line := range strings.Lines(text) {
		if at := strings.IndexByte(line, '/'); at >= 0 {
			files = append(files, strings.TrimSuffix(strings.TrimSpace(line[at:]), " (deleted)"))
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// library is a shared library.
type library struct {
	file  string
	names []string // that programs may call it
	needs []string // further ones, by name
}

// libraries returns the shared libraries among files.
func libraries(files []string) (list []library) {
	for _, file := range files {
		f, err := elf.Open(file)
		if err != nil {
			continue
		}
		lib := library{file: file, names: []string{filepath.Base(file)}}
		if names, err := f.DynString(elf.DT_SONAME); err == nil {
			lib.names = append(lib.names, names...)
		}
		if lib.needs, err = f.ImportedLibraries(); err == nil {
			list = append(list, lib)
		}
		_ = f.Close()
	}
	return list
}

// closure finds the libraries of these names and all that these need.
func closure(names []string, loader string, among []library) (map[string]string, error) {
	files := map[string]string{}
	for names := slices.Clone(names); len(names) > 0; names = names[1:] {
		name := names[0]
		if files[name] != "" || isLoader(loader, name) {
			continue
		}
		i := slices.IndexFunc(among, func(lib library) bool { return slices.Contains(lib.names, name) })
		switch {
		case i < 0:
			return nil, fmt.Errorf("it needs the library %s, which was not found", name)
		case among[i].file != loader:
			files[name] = among[i].file
			names = append(names, among[i].needs...)
		}
	}
	return files, nil
}

// isLoader reports whether the library is the loader itself, as musl's C
// library is.
func isLoader(loader, name string) bool {
	return strings.HasPrefix(filepath.Base(loader), "ld-musl-") && strings.HasPrefix(name, "libc.")
}
