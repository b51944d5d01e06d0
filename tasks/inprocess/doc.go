// Package inprocess is the backend that runs delegated agents in this process.
// Each turn has an agent that continues the task's session, and a runtime of its
// own. The workspace of a task stays between its turns, until Discard.
package inprocess
