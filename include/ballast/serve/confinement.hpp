// SPDX-License-Identifier: Apache-2.0
//
// A process that serves gives up what it does not need for it.

#pragma once

namespace ballast::serve {

// From here on this process, in all its threads and for good, may compute, accept and answer connections at sockets that it has, and
// write files that are open. The system refuses (EPERM) to open a file, by whatever name, to start a program, to connect anywhere or
// listen elsewhere, to look into other processes or send them signals, and whatever else is not in a list of what serving takes
// (seccomp of Linux). Returns false where the system has no such thing: then nothing is refused.
bool confine_to_serving();

}  // namespace ballast::serve
