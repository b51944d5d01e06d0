package demo

import "os"

// interrupt ends the server; Windows has no gentler way for a child.
var interrupt = os.Kill
