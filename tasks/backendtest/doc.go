// Package backendtest tests the contract of tasks.Backend. Each backend's test
// calls Run. The backend's own tests cover the parts of the contract that are not
// cases here.
//
// The cases use real agents and a scripted model. They see a backend only through
// its methods, the requests of its agents to the model, and the runtimes that it
// makes with Parts.NewRuntime. A backend may run turns anywhere in the process of
// the test.
//
// To extend the contract, add a case to the list in Run. Add only cases that
// every backend can pass.
package backendtest
