// SPDX-License-Identifier: Apache-2.0
//
// The program: finds the subcommand, and turns errors into one line and an
// exit status: 0 done, 1 a run that failed, 2 a wrong argument or input.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <new>

#include "ballast/core/errors.hpp"
#include "ballast/core/printable.hpp"
#include "commands.hpp"
#include "job.hpp"
#include "options.hpp"

namespace {

// Errors stay on one line, whatever they quote.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return ballast::printable(text);
}

int complain(const std::string& message, int status) {
  ballast::cli::fail_together(status, one_line(message));
  return status;
}

// Were stdout or stderr closed, the next file opened would take its number, and what is printed would land in a log.
void occupy_standard_streams() {
  int descriptor = open("/dev/null", O_RDWR);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = dup(descriptor);
  if (descriptor > STDERR_FILENO) close(descriptor);
}

// mpirun would start every other command as many times over.
void require_shared_command(const CLI::App& program) {
  const auto* group = ballast::cli::job_group();
  if (!group || group->size() == 1) return;
  for (const CLI::App* command : program.get_subcommands()) {
    const std::string& name = command->get_name();
    ballast::require(name == "certify" || name == "predict" || name == "attack" || name == "verify",
                     fmt::format("{} is not for several processes; mpirun shares out certify, predict, attack and verify", name));
  }
}

int run(int argc, char** argv) {
  using namespace ballast::cli;
  CLI::App program{"Ballast: proves how far an image may be perturbed before a classifier's answer can change.", "ballast"};
  program.set_version_flag("--version", BALLAST_VERSION);
  program.require_subcommand(0, 1);
  program.parse_complete_callback([&] { require_shared_command(program); });
  program.get_formatter()->column_width(32);
  int status = 0;
  add_certify(program);
  add_predict(program);
  add_evaluate(program);
  add_attack(program);
  add_plan(program);
  add_recertify(program);
  add_merge(program);
  add_audit(program, status);
  add_summary(program);
  add_report(program);
  add_compare(program);
  add_gallery(program);
  add_figure(program);
  add_verify(program);
  add_train(program);
  add_compose(program);
  add_inspect(program);
  add_bench(program);
  add_serve(program);
  add_bounds(program);
  add_document(program);
  require_plain_numbers(program);
  try {
    join_job();
    program.parse(argc, argv);
    if (program.get_subcommands().empty()) return complain("a subcommand is missing (ballast --help lists them)", 2);
    return std::fflush(stdout) == 0 ? status : complain("standard output could not be written (is the disk full?)", 1);
  } catch (const QuietExit& dismissed) {
    return dismissed.status;
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    return complain(std::string(error.what()) + " (ballast --help, ballast COMMAND --help)", 2);
  } catch (const ballast::InputError& error) {
    const int status_of_input = complain(error.what(), 2);
    if (!error.hint().empty()) std::fputs(fmt::format("{}\n", error.hint()).c_str(), stderr);
    return status_of_input;
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(fmt::format("{}: {}", error.path1().string(), error.code().message()), 1);
  } catch (const std::bad_alloc&) {
    return complain("out of memory", 1);
  } catch (const std::exception& error) {
    return complain(error.what(), 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  const int status = run(argc, argv);
  ballast::cli::leave_job();
  return status;
}
