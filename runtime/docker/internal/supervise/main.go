// Command supervise is the smallest program that can be a container's PID 1.
// Tests use it, because the test program itself may need libraries that no
// image has.
package main

import (
	"fmt"
	"os"

	"github.com/pygent/pygent/runtime/supervisor"
)

func main() {
	supervisor.RunIfChild()
	fmt.Fprintf(os.Stderr, "supervise: run it with %s\n", supervisor.Arg)
	os.Exit(2)
}
