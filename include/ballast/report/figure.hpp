// SPDX-License-Identifier: Apache-2.0
//
// Figures in the style of a paper, drawn by gnuplot.

#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ballast/report/source.hpp"

namespace ballast::report {

struct Series {
  enum class Style { steps, line, points };
  std::string name;  // empty: not in the key
  std::vector<double> x, y;
  Style style = Style::line;
  bool faint = false;  // thinner: beside another
};

struct Figure {
  std::string x_label, y_label;  // with units
  std::vector<Series> series;
  bool y_is_share = true;  // the y axis goes from 0 to 1
  double x_least = 0;      // start of the x axis
  double x_most = 0;       // its end; 0 fits the series
  bool key_left = false;   // the key stands at the top left, where curves rise; else below
  std::string title = {};  // what it is of: data, images, model
};

// The share of rows certified at a radius, exactly: points of a step function
// that falls at each certified radius.
Series certified_curve(std::span<const log::Record> rows, std::string name);

// The same of a log. Where it was tested at named radii alone it ends at the last of these, at its height: it does not fall there.
Series certified_curve(const Source& source, std::string name);

// Curves of several logs on one axis, so of one norm, and of the same images (image_groups). As Figure 6 of Cohen et al. 2019.
Figure certified_figure(std::span<const Source> sources);

// The same with a high-probability bound beside each curve, where alpha is known. As Figure 14.
Figure bounds_figure(std::span<const Source> sources, std::optional<double> alpha, double rho);

// A gnuplot program, with its data in it, that writes NAME.svg, NAME.pdf and NAME.png:
// one column wide, told apart by dashes as well as colours. All text is quoted.
std::string gnuplot_program(const Figure& figure, const std::string& name);

// The same plot commands for each of the three kinds of file; inches.
std::string for_each_terminal(const std::string& name, double width, double height, const std::string& plot);

// Writes NAME.gp beside the pictures, each of which is there whole or as it was before, and runs gnuplot on it. Returns false
// where there is no gnuplot; throws std::runtime_error where it fails.
bool draw(const Figure& figure, const std::filesystem::path& name);
bool draw_program(const std::string& program, const std::filesystem::path& name);

}  // namespace ballast::report
