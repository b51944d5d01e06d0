package runtime

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/instance"
)

// below is the advice for a directory that cannot be a workspace itself.
const below = "; choose a directory below it"

// maxAccounts bounds the bytes read from /etc/passwd.
const maxAccounts = 1 << 20

// systemDirs are the directories of the operating system's programs and state.
// A directory below them can be a workspace: /usr/src/app, /var/www/site.
func systemDirs() []string {
	switch goruntime.GOOS {
	case "windows":
		return []string{os.Getenv("SystemRoot"), os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)"), os.Getenv("ProgramData"), os.Getenv("PUBLIC")}
	case "darwin":
		return append([]string{"/System", "/Library", "/Applications", "/Users", "/Volumes", "/private", "/private/var"}, unixDirs...)
	}
	return unixDirs
}

var unixDirs = []string{
	"/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/libexec", "/usr/share",
	"/usr/local", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib",
	"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/boot", "/opt", "/snap", "/nix", "/nix/store", "/gnu/store",
	"/var", "/var/lib", "/var/log", "/var/cache", "/var/spool", "/home", "/root",
	"/var/lib/docker", "/var/lib/containerd", "/var/lib/containers",
}

// secretDirs are the directories of a home that hold keys and sessions. Nothing
// below them can be a workspace.
var secretDirs = []string{
	".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".mozilla", ".config/gcloud", ".config/gh",
	".local/share/keyrings", "Library/Keychains",
}

// homeDirs are the directories of a home that hold the settings and files of
// many programs, or installed toolchains. A directory below them can be a
// workspace: ~/.config/nvim, ~/go/src/project.
var homeDirs = []string{
	".config", ".local", ".local/bin", ".local/lib", ".local/share", ".local/state", ".cache",
	".cargo", ".rustup", "go",
	"Library", "AppData", "AppData/Roaming", "AppData/Local",
}

// homeParents hold the homes of people and services. Accounts that programs make
// for themselves may have theirs elsewhere, as /app in a container.
var homeParents = []string{"/home", "/root", "/Users", "/var", "/export"}

// homeMarks are the files by which the home of a person who logs in is known.
var homeMarks = []string{".ssh", ".profile", ".bashrc", ".bash_profile", ".zshrc", ".zprofile"}

// unfitRoot returns why real must not be a workspace, "" when it may.
func unfitRoot(real string, protect []string) string {
	if real == filepath.Dir(real) {
		return "it is the root of the file system"
	}
	if home, err := os.UserHomeDir(); err == nil {
		switch home = RealPath(home); {
		case real == home:
			return "it is the home directory" + below
		case contains(real, home):
			return "it contains the home directory " + home
		}
	}
	for _, dir := range []string{"/etc", "/run", "/proc", "/sys", "/dev"} {
		switch dir = RealPath(dir); {
		case contains(dir, real):
			return "it belongs to the system directory " + dir
		case contains(real, dir):
			return "it contains the system directory " + dir
		}
	}
	for _, dir := range protect {
		switch own := RealPath(dir); {
		case contains(real, own):
			return "it contains the server's own files in " + dir
		case contains(own, real):
			return "it lies in the server's own directory " + dir
		}
	}
	return unfitItself(real)
}

// unfitItself returns why real must not be a workspace, "" when it may. Most
// directories below real may be one. The reasons: real is a directory for
// temporary files, a system directory, another user's home or a directory with
// secrets or settings in a home, or it holds workspaces of another server.
func unfitItself(real string) string {
	info, err := os.Stat(real)
	if err != nil {
		return reason(err).Error()
	}
	is := func(dir string) bool {
		there, err := os.Stat(dir)
		return err == nil && os.SameFile(info, there)
	}
	for _, dir := range []string{os.TempDir(), os.Getenv("TMPDIR"), "/tmp", "/var/tmp"} {
		if is(dir) {
			return "it is the directory for temporary files, where other programs keep sockets and other servers their workspaces" + below
		}
	}
	for _, dir := range systemDirs() {
		if is(dir) {
			return "it is the system directory " + dir + below
		}
	}
	for _, home := range homes() {
		if is(home) && livedIn(home) {
			return "it is the home directory of a user" + below
		}
		for _, name := range secretDirs {
			dir := filepath.Join(home, name)
			if _, err := os.Stat(dir); err == nil && contains(RealPath(dir), real) {
				return "it belongs to " + dir + ", which is for keys and other secrets; work elsewhere and copy there what is needed"
			}
		}
		for _, name := range homeDirs {
			if is(filepath.Join(home, name)) {
				return "it holds the settings and files of many programs" + below
			}
		}
	}
	return unfitShared(real)
}

// unfitShared is unfitItself for the directories that servers make for their
// temporary workspaces.
func unfitShared(real string) string {
	if instance.IsMade(real) {
		return "it belongs to a Pygent server and holds its temporary workspace" + below
	}
	parents := []string{real}
	if temp := RealPath(os.TempDir()); contains(real, temp) {
		parents = append(parents, temp)
	}
	for _, parent := range parents {
		if other := instance.Foreign(parent); other != "" {
			return "it holds a workspace of another Pygent server, " + other + below
		}
	}
	return ""
}

// livedIn reports whether an account's home belongs to a person or a service.
func livedIn(home string) bool {
	if own, err := os.UserHomeDir(); err == nil && own == home {
		return true
	}
	real := RealPath(home)
	return slices.ContainsFunc(homeParents, func(dir string) bool { return contains(RealPath(dir), real) }) ||
		slices.ContainsFunc(homeMarks, func(name string) bool {
			_, err := os.Lstat(filepath.Join(home, name))
			return err == nil
		})
}

// homes returns the homes of this user and of all users who can log in.
func homes() []string {
	var all []string
	if home, err := os.UserHomeDir(); err == nil {
		all = append(all, home)
	}
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return all
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(io.LimitReader(f, maxAccounts))
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":") // passwd(5)
		if len(fields) != 7 || !filepath.IsAbs(fields[5]) || filepath.Clean(fields[5]) == "/" {
			continue
		}
		switch filepath.Base(fields[6]) {
		case "nologin", "false", "sync", "shutdown", "halt":
		default:
			if !slices.Contains(all, fields[5]) {
				all = append(all, fields[5])
			}
		}
	}
	return all
}
