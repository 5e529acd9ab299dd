// How this module was built.
//
// Contract
//   build_info() returns facts fixed at compile time. Every pointer has static storage and ends in NUL.
//   `targets` lists the instruction sets for which code was compiled, separated by one space, lowest first.
//   "baseline" is what the compiler assumes of every processor of the architecture, and always stands there.
#pragma once

namespace gatewise {

struct BuildInfo {
  const char* compiler;          // CMake's name for it: GNU, Clang, AppleClang, ...
  const char* compiler_version;  // such as "12.2.0"
  const char* build_type;        // CMake's: Release, RelWithDebInfo, Debug, ...
  const char* targets;
};

BuildInfo build_info() noexcept;

}  // namespace gatewise
