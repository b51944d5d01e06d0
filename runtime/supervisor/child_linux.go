package supervisor

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/internal/seccomp"
)

// RunIfChild turns the process into a plain supervisor on its standard streams
// and never returns, if Arg is its first argument; else it does nothing. It
// belongs at the very beginning of main, and of TestMain where tests need it.
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
	if slices.Contains(args, GuardArg) {
		if opts.TagKey, err = guard(); err != nil {
			return Fail(os.Stdout, "seccomp", err)
		}
	}
	return Serve(os.Stdin, os.Stdout, opts)
}

// guard does what GuardArg says and returns the key of tags.
func guard() (key uint64, err error) {
	f := seccomp.New()
	f.DenySetID()
	f.DenyForeignLimits()
	if err := f.Install(); err != nil {
		return 0, err
	}
	return seccomp.GuardTags()
}
