package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// view lists what commands may read of the host.
type view struct {
	Home  string // the path of the user's home, where commands see their private one
	Read  []string
	Links []link   // links in the root directory, as /bin often is one
	Hide  []hidden // paths in Read that commands must not read

	tools []string // homes of tools, some of which keep credentials there
}

type link struct{ Name, Target string }

type hidden struct {
	Path string
	Dir  bool
}

// system lists the directories of the system's programs and libraries.
var system = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/etc", "/nix/store", "/gnu/store", "/sys/devices/system/cpu"}

// toolchains are directories in the home where language tools install
// themselves and keep downloads.
var toolchains = []string{
	".cargo", ".rustup", "go", ".nvm", ".fnm", ".volta", ".bun", ".deno", ".nodenv", ".pyenv", ".rye", ".rbenv", ".rvm", ".asdf",
	".jenv", ".sdkman", ".goenv", ".ghcup", ".opam", ".elan", ".juliaup", ".swiftly", ".dotnet", ".m2/repository",
	".local/bin", ".local/lib", ".local/pipx", ".local/share/mise", ".local/share/uv", ".local/share/pnpm", ".local/share/fnm",
	"miniconda3", "miniforge3", "anaconda3",
}

// toolchainVars are variables that name such directories elsewhere. Commands
// get them.
var toolchainVars = []string{
	"GOROOT", "GOPATH", "GOMODCACHE", "CARGO_HOME", "RUSTUP_HOME", "PYENV_ROOT", "NVM_DIR", "VOLTA_HOME", "BUN_INSTALL",
	"JAVA_HOME", "SDKMAN_DIR", "RBENV_ROOT", "ASDF_DATA_DIR", "DOTNET_ROOT", "VIRTUAL_ENV", "CONDA_PREFIX",
}

// secretsOfTools are files in those directories, wherever they are, that hold
// credentials: cargo's, and uv's.
var secretsOfTools = []string{"credentials", "credentials.toml"}

// private are directories and files in the home that commands never see, not
// even when PATH leads there.
var private = []string{".ssh", ".aws", ".azure", ".config", ".docker", ".gnupg", ".kube", ".netrc", ".npmrc", ".pypirc", ".mozilla", ".password-store"}

// secretsOfSystem are hidden regardless of their mode.
var secretsOfSystem = []string{"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssl/private", "/etc/docker", "/etc/kubernetes", "/etc/krb5.keytab"}

// maxEtcEntries bounds the search of /etc.
const maxEtcEntries = 50_000

// newView determines what commands in workspace may read.
func newView(workspace string, more []string) view {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) || filepath.Clean(home) == "/" {
		home = "/home/pygent"
	}
	v := view{Home: filepath.Clean(home)}
	paths := slices.Clone(more)
	for _, path := range system {
		if target, err := os.Readlink(path); err == nil && filepath.Dir(path) == "/" {
			v.Links = append(v.Links, link{path, target})
			if !filepath.IsAbs(target) {
				target = "/" + target
			}
			paths = append(paths, filepath.Clean(target))
			continue
		}
		paths = append(paths, path)
	}
	for _, dir := range toolchains {
		v.tools = append(v.tools, filepath.Join(v.Home, dir))
	}
	for _, key := range toolchainVars {
		v.tools = append(v.tools, v.decent(filepath.SplitList(os.Getenv(key)))...)
	}
	v.tools = existing(v.tools)
	paths = append(paths, v.tools...)
	paths = append(paths, v.decent(filepath.SplitList(os.Getenv("PATH")))...)
	paths = slices.DeleteFunc(existing(paths), func(path string) bool {
		return slices.ContainsFunc(v.Links, func(l link) bool { return l.Name == path })
	})
	v.Read = outermost(paths, workspace)
	v.Hide = v.secrets()
	return v
}

// decent drops directories that do not hold tools only, and those with secrets.
func (v view) decent(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		if !filepath.IsAbs(path) || within(path, v.Home) || within(path, "/etc") || within(path, "/tmp") {
			return true
		}
		return slices.ContainsFunc(private, func(name string) bool { return within(filepath.Join(v.Home, name), path) })
	})
}

// existing keeps the paths that exist. For a link it adds the target.
func existing(paths []string) (found []string) {
	for _, path := range paths {
		path = filepath.Clean(path)
		if real, err := filepath.EvalSymlinks(path); err == nil {
			found = append(found, path)
			if real != path {
				found = append(found, real)
			}
		}
	}
	return found
}

// outermost drops paths inside others and inside the workspace, which commands
// see anyway. It also drops the root of the file system, which nobody may read
// as a whole.
func outermost(paths []string, workspace string) (kept []string) {
	slices.Sort(paths) // a directory comes before its contents
	for _, path := range slices.Compact(paths) {
		if path == "/" || within(workspace, path) || slices.ContainsFunc(kept, func(k string) bool { return within(k, path) }) {
			continue
		}
		kept = append(kept, path)
	}
	return kept
}

// within reports whether inner is dir or lies below it. Both are clean.
func within(dir, inner string) bool {
	return inner == dir || strings.HasPrefix(inner, strings.TrimSuffix(dir, "/")+"/")
}

// secrets lists files inside readable directories that must not be read. For an
// ordinary user the modes of files prevent most of that; root could read all.
func (v view) secrets() (all []hidden) {
	add := func(path string) {
		info, err := os.Lstat(path)
		if err == nil && info.Mode()&os.ModeSymlink == 0 && slices.ContainsFunc(v.Read, func(r string) bool { return within(r, path) }) {
			all = append(all, hidden{path, info.IsDir()})
		}
	}
	for _, path := range secretsOfSystem {
		add(path)
	}
	for _, dir := range v.tools {
		for _, name := range secretsOfTools {
			add(filepath.Join(dir, name))
		}
	}
	if os.Geteuid() == 0 && slices.Contains(v.Read, "/etc") {
		all = append(all, unreadable("/etc", all)...)
	}
	return all
}

// unreadable lists the files and directories below dir that others than their
// owner and group may not read.
func unreadable(dir string, known []hidden) (found []hidden) {
	count := 0
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if count++; err != nil || count > maxEtcEntries {
			return fs.SkipDir
		}
		if d.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		if !slices.ContainsFunc(known, func(h hidden) bool { return h.Path == path }) {
			info, err := d.Info()
			if err != nil || info.Mode().Perm()&0o004 != 0 {
				return nil
			}
			found = append(found, hidden{path, d.IsDir()})
		}
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	return found
}

// expand converts the view to allow rules for level medium, where nothing can
// be masked: directories and files to read, and directories that may only be
// listed because not all of their contents may be read.
func (v view) expand() (dirs, files, listed []string) {
	var walk func(path string)
	walk = func(path string) {
		if slices.ContainsFunc(v.Hide, func(h hidden) bool { return h.Path == path }) {
			return
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
		case !info.IsDir():
			files = append(files, path)
		case !slices.ContainsFunc(v.Hide, func(h hidden) bool { return within(path, h.Path) }):
			dirs = append(dirs, path)
		default:
			listed = append(listed, path)
			entries, err := os.ReadDir(path)
			if err != nil {
				return
			}
			for _, e := range entries {
				if e.Type()&fs.ModeSymlink == 0 { // its target has rules of its own
					walk(filepath.Join(path, e.Name()))
				}
			}
		}
	}
	for _, path := range v.Read {
		walk(path)
	}
	return dirs, files, listed
}
