// Sharing the rows of a batch among threads.
#pragma once

#include <functional>

#include "core/recurrent/lstm.h"

namespace gatewise {

// Calls work(first, last) for ranges that together are all rows, in up to `threads` threads, and waits for
// them. Ranges hold equal numbers of live steps, not of rows. Where there is too little to do for a second
// thread to be worth its start, everything runs in the calling one. Exceptions of `work` must not escape it.
void share_rows(const LstmShape& shape, int threads, const std::function<void(int, int)>& work);

}  // namespace gatewise
