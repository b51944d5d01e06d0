package demo

import "os"

// interrupt kills the server, because Windows has no signal that asks a child to end.
var interrupt = os.Kill
