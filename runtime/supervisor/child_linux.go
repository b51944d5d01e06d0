package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/internal/confine"
	"github.com/pygent/pygent/runtime/internal/seccomp"
)

// RunIfChild makes the process a plain supervisor on its standard streams and
// never returns if Arg is its first argument; otherwise it does nothing. Call
// it first in main, and in TestMain where tests need it.
func RunIfChild() {
	if len(os.Args) < 2 || os.Args[1] != Arg {
		return
	}
	if err := serveArgs(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serveArgs(args []string) (err error) {
	var opts Options
	for _, arg := range args {
		if socket, ok := strings.CutPrefix(arg, proxyPrefix); ok {
			opts.Proxy = socket
		}
		if dir, ok := strings.CutPrefix(arg, diskPrefix); ok {
			opts.Disk = dir
		}
	}
	if slices.Contains(args, VictimsArg) { // before the guard, which prevents opening it
		if opts.OOMScore, err = os.OpenFile(oomScoreFile, os.O_RDWR, 0); err != nil {
			return Fail(os.Stdout, "prepare for want of memory", err)
		}
	}
	if slices.Contains(args, GuardArg) {
		var step string
		if opts.TagKey, step, err = guard(opts.Proxy); err != nil {
			return Fail(os.Stdout, step, err)
		}
	}
	return Serve(os.Stdin, os.Stdout, opts)
}

// guard does what GuardArg requests and returns the key of tags, or the step
// that failed. proxy is Options.Proxy.
func guard(proxy string) (key uint64, failed string, err error) {
	if confine.ABI() >= confine.MinABI {
		var sockets []string
		if proxy != "" {
			sockets = []string{filepath.Dir(proxy)}
		}
		write, err := confine.WritableDirs(os.Args[0])
		if err == nil {
			err = confine.Files(write, sockets)
		}
		if err != nil {
			return 0, "Landlock", err
		}
	}
	if err := seccomp.Commands(seccomp.Families()...).Install(); err != nil {
		return 0, "seccomp", err
	}
	key, err = seccomp.GuardTags()
	return key, "seccomp for tags", err
}
