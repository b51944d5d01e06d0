package supervisor

// Arg is the hidden first argument by which a binary that is executed again
// knows that it is to be a supervisor.
const Arg = "__supervise"
