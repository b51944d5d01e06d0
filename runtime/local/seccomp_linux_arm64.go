package local

var archOwnerCalls []ownerCall
