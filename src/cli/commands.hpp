// SPDX-License-Identifier: Apache-2.0
//
// The subcommands. Each adds itself, its options and what it does to the
// program; a new one is a line here, a line in program.cpp, and a file.

#pragma once

#include <CLI/CLI.hpp>

namespace ballast::cli {

void add_certify(CLI::App& program);
void add_predict(CLI::App& program);
void add_evaluate(CLI::App& program);
void add_attack(CLI::App& program);
void add_plan(CLI::App& program);
void add_recertify(CLI::App& program);
void add_merge(CLI::App& program);
void add_audit(CLI::App& program, int& status);  // status: 1 where something was found
void add_summary(CLI::App& program);
void add_report(CLI::App& program);
void add_compare(CLI::App& program);
void add_gallery(CLI::App& program);
void add_figure(CLI::App& program);
void add_verify(CLI::App& program);
void add_train(CLI::App& program);
void add_compose(CLI::App& program);
void add_inspect(CLI::App& program);
void add_bench(CLI::App& program);
void add_serve(CLI::App& program);
void add_selftest(CLI::App& program, int& status);
void add_bounds(CLI::App& program);
void add_document(CLI::App& program);

}  // namespace ballast::cli
