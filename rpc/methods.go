package rpc

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/tasks"
)

// Names of methods, for clients in Go. A method's name stands in this file and
// nowhere else.
const (
	MethodStep            = "agent/step"
	MethodInterrupt       = "agent/interrupt"
	MethodPendingRequests = "agent/pendingRequests"
	MethodRespond         = "agent/respond"

	MethodTaskStart  = "tasks/start"
	MethodTaskStatus = "tasks/status"
	MethodCollect    = "files/collect"

	MethodSessionNew       = "session/new"
	MethodSessionList      = "session/list"
	MethodSessionResume    = "session/resume"
	MethodSessionEvents    = "session/events"
	MethodSessionConfigure = "session/configure"
	MethodSessionClose     = "session/close"
	MethodSessionExport    = "session/export"

	MethodExec       = "runtime/exec"
	MethodTaskList   = "tasks/list"
	MethodTaskCancel = "tasks/cancel"
	MethodDiff       = "files/diff"
	MethodRevert     = "files/revert"

	MethodInitialize  = "initialize"
	MethodInitialized = "initialized"
	MethodShutdown    = "shutdown"
	MethodExit        = "exit"
	methodCancel      = "$/cancelRequest"
	methodSetTrace    = "$/setTrace"

	MethodEvent           = "agent/event"
	MethodTaskChanged     = "tasks/changed"
	MethodRequestApproval = "agent/requestApproval"
	MethodAskUser         = "agent/askUser"
	methodDiagnostics     = "editor/diagnostics"
	methodShowMessage     = "window/showMessageRequest"
)

// methods is the method table: the whole protocol. Dispatch, the reference, the
// schema and the clients' types come from it. The order is that of the reference.
func methods() []entry {
	return []entry{
		lifecycle[InitializeParams, InitializeResult](MethodInitialize, kindCall, "Opens the connection. Not needed in script mode."),
		lifecycle[None, None](MethodInitialized, kindNotice, "Says that the client has the answer to initialize."),
		lifecycle[None, None](MethodShutdown, kindCall, "Cancels what runs and answers null when it has ended. Only exit may follow."),
		lifecycle[None, None](MethodExit, kindNotice, "Ends the server: exit code 0 after shutdown, else 1."),
		lifecycle[CancelParams, None](methodCancel, kindNotice, "Cancels a request; either side may send it. The request is still answered."),
		lifecycle[SetTraceParams, None](methodSetTrace, kindNotice, "Accepted for the sake of language clients; without effect."),

		call(MethodStep, "Adds a message to a session and runs model and tools until the model stops.", (*agent.Sessions).Step),
		look(MethodPendingRequests, "Lists what waits for the user: approvals and questions, also those that the last server of a resumed session left.", (*agent.Sessions).PendingRequests),
		call(MethodRespond, "Answers what the user was asked, where the request itself cannot be answered. The first answer counts.", (*agent.Sessions).Respond),
		call(MethodInterrupt, "Cancels a session's running turn. Those in line go on, and so do tasks unless cascade is set.", (*agent.Sessions).Interrupt),

		call(MethodSessionNew, "Makes a session. Nothing runs in it before its first command.", (*agent.Sessions).NewSession),
		look(MethodSessionList, "Lists the sessions that are kept and in which something was said or delegated, the one that was used last first.", (*agent.Sessions).ListSessions),
		call(MethodSessionResume, "Opens a session that a server has left. The history is not sent: session/events has it. Its tasks are listed again, and what was being asked is pending again.", (*agent.Sessions).ResumeSession),
		look(MethodSessionEvents, "Reads a session's events back, page by page, also of one that is not open.", (*agent.Sessions).SessionEvents),
		first(MethodSessionConfigure, "Changes a session's settings from the next model round on. Requests sent behind it find them changed.", (*agent.Sessions).ConfigureSession),
		call("session/rewind", "Makes conversation and files what they were before a turn; rewinding to the answer's turnId undoes that.", (*agent.Sessions).RewindSession),
		call(MethodSessionClose, "Ends what runs in a session and releases it. It can be resumed.", (*agent.Sessions).CloseSession),
		call("session/delete", "Closes a session and removes what is kept of it.", (*agent.Sessions).DeleteSession),
		look(MethodSessionExport, "Writes a session as one text.", (*agent.Sessions).ExportSession),

		call("runtime/info", "Tells what a session's commands run in.", (*agent.Sessions).RuntimeInfo),
		call(MethodExec, "Runs a command of the user's own where those of a session run. Nobody is asked; a cancel kills it.", (*agent.Sessions).Exec),

		call(MethodTaskStart, "Starts a delegated agent in a workspace of its own and answers at once.", (*tasks.Manager).Start),
		now(MethodTaskStatus, "Tells how a task stands, also while it runs.", (*tasks.Manager).Status),
		now(MethodTaskList, "Lists tasks, oldest first. The answer is not older than any tasks/changed before it.", (*tasks.Manager).List),
		call("tasks/wait", "Waits until tasks have ended or ask something.", (*tasks.Manager).Wait),
		look("tasks/output", "Reads the events of a task's agent back, page by page, also while it runs.", (*agent.Sessions).TaskOutput),
		call("tasks/send", "Starts a further turn of a task that has ended or waits for an answer.", (*tasks.Manager).Send),
		call(MethodTaskCancel, "Cancels a task; answers when nothing of it lives.", (*tasks.Manager).Cancel),
		call("tasks/remove", "Forgets an ended task and deletes its workspace and its session.", (*tasks.Manager).Remove),
		call(MethodCollect, "Copies a file or directory from a task's workspace into the session's.", (*tasks.Manager).Collect),
		look(MethodDiff, "Shows what a turn, or a task, has changed, as a patch. Changes that commands made are in it.", (*agent.Sessions).DiffFiles),
		call(MethodRevert, "Makes files what they were before a turn. One that was changed since is a conflict and stays, and so is what a command of another session's turn in the same workspace may have changed; refused with busy while any turn runs there. Reverting the answer's turnId undoes it all.", (*agent.Sessions).RevertFiles),
		look("files/read", "Reads a file of a session's or a task's workspace.", (*tasks.Manager).ReadFile),
		look("files/list", "Lists a directory of a session's or a task's workspace.", (*tasks.Manager).ListFiles),

		event[agent.Event](MethodEvent, "Something happened in a session. Adjacent deltas may be merged; nothing else is ever dropped."),
		event[tasks.Changed](MethodTaskChanged, "A task's state changed, or its model has replied once more: steps and usage move."),

		ask[agent.Approval, agent.Decision](MethodRequestApproval, "Asks whether something may be done; only with the capability approvals. Without it, window/showMessageRequest asks; without both, the answer is deny."),
		ask[agent.Question, agent.Answer](MethodAskUser, "Asks the user; only with the capability askUser."),
		ask[agent.DiagnosticsParams, agent.DiagnosticsResult](methodDiagnostics, "Asks what the editor's language services find in files that the model has just written; only with the capability diagnostics. The model is told of the errors. An answer after 3 s is not waited for; after three in a row that came so late the client is not asked any more."),
		ask[MessageRequest, *MessageAction](methodShowMessage, "Shows the user a message with actions to choose from, as language clients do; only with the capability window.showMessage."),
	}
}

// entryKind is what kind of message a method is.
type entryKind string

const (
	kindCall   entryKind = "request"            // client to server
	kindNotice entryKind = "notification"       // client to server
	kindEvent  entryKind = "serverNotification" // server to client
	kindAsk    entryKind = "serverRequest"      // server to client
)

// entry is one method.
type entry struct {
	name, doc      string
	kind           entryKind
	lifecycle      bool         // handled by this package
	looks          bool         // see look
	now            bool         // see now
	first          bool         // see first
	params, result reflect.Type // structs; None is none, and a pointer a result that may be null

	// bind makes the handler on a service; false when the service is not of the
	// method's type. Nil for what is not called by the client.
	bind func(service any) (handler, bool)
}

// answered reports whether the method is a request.
func (e *entry) answered() bool { return e.kind == kindCall || e.kind == kindAsk }

// None stands for absent params and for a null result.
type None struct{}

// call makes the entry of a request that the method fn of the service S serves.
func call[S, P, R any](name, doc string, fn func(S, context.Context, P) (R, error)) entry {
	params := shapeOf(reflect.TypeFor[P](), map[reflect.Type]*shape{})
	bind := func(service any) (handler, bool) {
		s, ok := service.(S)
		if !ok {
			return nil, false
		}
		return func(ctx context.Context, raw json.RawMessage) (any, error) {
			var p P
			if err := decodeParams(raw, params, &p); err != nil {
				return nil, err
			}
			return fn(s, ctx, p)
		}, true
	}
	return entry{name: name, doc: doc, kind: kindCall, params: reflect.TypeFor[P](), result: reflect.TypeFor[R](), bind: bind}
}

// look is call for a method that changes nothing and whose answer may be long: few
// of its kind run at a time, and an answer that is cancelled while it waits is
// dropped.
func look[S, P, R any](name, doc string, fn func(S, context.Context, P) (R, error)) entry {
	e := call(name, doc, fn)
	e.looks = true
	return e
}

// now is look for a method that tells how something stands of which notifications
// tell too: its answer is not older than those before it. It is quick, and waits for
// nobody who sends: nothing can be queued meanwhile.
func now[S, P, R any](name, doc string, fn func(S, context.Context, P) (R, error)) entry {
	e := look(name, doc, fn)
	e.now = true
	return e
}

// first is call for a method that is quick and on which those sent behind it depend:
// they begin when it has its answer.
func first[S, P, R any](name, doc string, fn func(S, context.Context, P) (R, error)) entry {
	e := call(name, doc, fn)
	e.first = true
	return e
}

// event makes the entry of a notification to the client.
func event[P any](name, doc string) entry {
	return entry{name: name, doc: doc, kind: kindEvent, params: reflect.TypeFor[P](), result: reflect.TypeFor[None]()}
}

// ask makes the entry of a request to the client.
func ask[P, R any](name, doc string) entry {
	return entry{name: name, doc: doc, kind: kindAsk, params: reflect.TypeFor[P](), result: reflect.TypeFor[R]()}
}

func lifecycle[P, R any](name string, kind entryKind, doc string) entry {
	return entry{name: name, doc: doc, kind: kind, lifecycle: true, params: reflect.TypeFor[P](), result: reflect.TypeFor[R]()}
}
