package supervisor

import (
	"fmt"
	"os"
	"strings"
)

// RunIfChild turns the process into a plain supervisor on its standard streams
// and never returns, if Arg is its first argument; else it does nothing. It
// belongs at the very beginning of main, and of TestMain where tests need it.
func RunIfChild() {
	if len(os.Args) < 2 || os.Args[1] != Arg {
		return
	}
	var opts Options
	for _, arg := range os.Args[2:] {
		if socket, ok := strings.CutPrefix(arg, proxyPrefix); ok {
			opts.Proxy = socket
		}
	}
	if err := Serve(os.Stdin, os.Stdout, opts); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
