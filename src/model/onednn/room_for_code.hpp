// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace ballast::model::onednn {

// oneDNN ends by a signal where there is no memory for the code that it writes. To be called before it may write some; throws
// std::bad_alloc.
void require_room_for_code();

}  // namespace ballast::model::onednn
