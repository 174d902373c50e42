// SPDX-License-Identifier: Apache-2.0
//
// ballast figure NAME --out FILE: the pictures behind the theory.

#include <fmt/format.h>

#include <filesystem>

#include "ballast/core/errors.hpp"
#include "ballast/report/theory_figures.hpp"
#include "commands.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct FigureArguments {
  std::string name, out;
  report::WorstCase worst;
  double distance = 1.2;
};

// x of "x.svg", since all kinds are written.
std::string without_extension(const std::string& name) {
  const std::filesystem::path path(name);
  const std::string extension = path.extension().string();
  const bool known = extension == ".svg" || extension == ".pdf" || extension == ".png";
  return known ? (path.parent_path() / path.stem()).string() : name;
}

void figure(FigureArguments a) {
  a.out = without_extension(a.out);
  require_writable(a.out + ".gp");
  bool drawn = false;
  if (a.name == "theorem1") drawn = report::draw_program(report::theorem_1_program(a.worst, a.out), a.out);
  if (a.name == "theorem2") drawn = report::draw_program(report::theorem_2_program(a.worst, a.out), a.out);
  if (a.name == "linear") drawn = report::draw_program(report::linear_program(a.worst.sigma, a.distance, a.out), a.out);
  if (a.name == "guarantees") {
    drawn = report::draw(report::guarantees_figure(), a.out) && report::draw(report::guarantee_parameters_figure(), a.out + "-parameters");
  }
  say("{}\n", drawn ? fmt::format("{0}.svg, {0}.pdf, {0}.png", a.out) : fmt::format("no gnuplot: only its program, {}.gp", a.out));
}

}  // namespace

void add_figure(CLI::App& program) {
  auto& command =
      *program.add_subcommand("figure", "The pictures behind the theory: the worst case, a linear classifier, the guarantees compared");
  auto a = std::make_shared<FigureArguments>();
  command
      .add_option("NAME", a->name,
                  "theorem1 (two half-spaces), theorem2 (the worst classifier), linear (a linear classifier), guarantees (Cohen, Li, "
                  "Lecuyer by p_A)")
      ->required()
      ->check(CLI::IsMember({"theorem1", "theorem2", "linear", "guarantees"}));
  command.add_option("--out", a->out, "name of the files: .svg, .pdf and .png are written, and the .gp they are drawn by")->required();
  command.add_option("--p-a", a->worst.p_a, "of theorem1 and theorem2: probability of the top class")->capture_default_str();
  command.add_option("--p-b", a->worst.p_b, "probability of the runner-up")->capture_default_str();
  command.add_option("--distance", a->distance, "of linear: of the image from the boundary, in units of sigma")->capture_default_str();
  add_examples(command, {"ballast figure theorem1 --out worst-case"});
  command.callback([a] { figure(*a); });
}

}  // namespace ballast::cli
