// SPDX-License-Identifier: Apache-2.0
//
// Tables for papers, READMEs and spreadsheets.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "ballast/report/bounds.hpp"
#include "ballast/report/source.hpp"

namespace ballast::report {

struct Cell {
  std::string text;
  bool best = false;      // of its column
  const char* mark = "";  // behind the text, but not in CSV: report::beyond_proof
};

struct Table {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<Cell>> rows;  // each as long as the header

  // Further columns of CSV, which has no caption.
  std::vector<std::string> more_header = {};
  std::vector<std::vector<Cell>> more_rows = {};
};

std::string to_markdown(const Table& table);
std::string to_latex(const Table& table);  // booktabs; names from logs are escaped
std::string to_csv(const Table& table);    // RFC 4180

// Certified accuracy, one log a row, one radius a column, the best of each
// column marked (all of a tie). As Tables 2 and 3 of Cohen et al. 2019. A radius at which a log was not tested is "–"; one above what its
// settings can prove is marked. The caption says the data, the images and the model. Requires logs of the same images (image_groups).
Table accuracy_table(std::span<const Source> sources, std::span<const double> radii);

// The same of several methods on one data set, with the images of each and the mean time an image took. As Figures 7 and 13.
Table comparison_table(std::span<const Source> sources, std::span<const double> radii);

// The first with a lower bound in each cell, where alpha is known.
Table bounds_table(std::span<const Source> sources, std::span<const double> radii, double AccuracyBounds::*bound,
                   std::optional<double> alpha, double rho);

// PREDICT against a gold standard: a log of the same images whose answers are
// taken to be the smoothed classifier's own. As Table 4 of Cohen et al. 2019:
// correct is the label's class, accurate the gold standard's.
// Throws InputError naming an image that the gold standard lacks.
Table predict_table(std::span<const Source> sources, const Source& gold);

// The shares in it of one log.
struct GoldRates {
  double correct_accurate = 0, correct_inaccurate = 0, wrong_accurate = 0, wrong_inaccurate = 0, abstained = 0;
};
GoldRates gold_rates(const Source& source, const Source& gold);

// Correct, wrong and abstained of PREDICT logs.
Table predict_table(std::span<const Source> sources);

// Quarter steps that suit all logs, or the radii that they were certified at, if all were at named ones.
std::vector<double> table_radii(std::span<const Source> sources);

}  // namespace ballast::report
