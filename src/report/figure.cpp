// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/figure.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "ballast/core/whole_file.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/bounds.hpp"
#include "ballast/report/images.hpp"
#include "ballast/report/tested.hpp"

extern char** environ;

namespace ballast::report {
namespace {

// Told apart by the colour-blind (Okabe and Ito, Tol), and in grey by their dashes: none of the first twelve is another's.
constexpr std::array<const char*, 12> colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00",
                                              "#56B4E9", "#882255", "#999933", "#332288", "#44AA99", "#7F7F7F"};
constexpr std::array<const char*, 12> dashes{"solid", "(9,4)",      "(3,3)", "(9,3,3,3)",      "(18,4)",        "(9,3,3,3,3,3)",
                                             "(5,3)", "(18,3,3,3)", "(3,6)", "(18,3,3,3,3,3)", "(9,3,9,3,3,3)", "(14,8)"};
constexpr const char* faint_dashes = "(2,4)";
constexpr double line_width = 1.8, faint_width = 1.2;
constexpr int shown_columns = 300;   // steps closer together than this share of the axis would fill a line's dashes
constexpr double shown_drop = 0.02;  // steps that are shown wherever they stand

// Single quotes: nothing within is special but the quote itself, which is doubled.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("''") : (c == '\n' || c == '\r') ? std::string(" ") : std::string(1, c);
  return result + "'";
}

// Whether a person sees the corner of this step. Where many small ones follow each other, lines from one to the next keep their dashes.
bool has_corner(const Series& steps, std::size_t i) {
  constexpr double high = 0.02, wide_share = 0.01, wide_drop = 0.004;
  const double drop = steps.y[i - 1] - steps.y[i];
  return drop > high || (drop > wide_drop && steps.x[i] - steps.x[i - 1] > wide_share * steps.x.back());
}

// Steps fall behind each point.
std::string data_block(const Series& series, std::size_t number) {
  std::string text = fmt::format("$data{} << END\n", number);
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (series.style == Series::Style::steps && i > 0 && has_corner(series, i))
      text += fmt::format("{:.9g} {:.9g}\n", series.x[i - 1], series.y[i]);
    text += fmt::format("{:.9g} {:.9g}\n", series.x[i], series.y[i]);
  }
  return text + "END\n";
}

std::string style_of(const Series& series, std::size_t colour) {
  const char* shape = series.style == Series::Style::points ? "points pt 7 ps 0.4" : "lines";
  return fmt::format("with {} lc rgb '{}' dt {} lw {}", shape, colours[colour % colours.size()],
                     series.faint ? faint_dashes : dashes[colour % dashes.size()], series.faint ? faint_width : line_width);
}

constexpr std::size_t longest_label = 46, longest_title = 60;  // characters that fit a column

// Where bytes of UTF-8 before and at `place` are two characters.
std::size_t character_at(const std::string& text, std::size_t place) {
  while (place < text.size() && (static_cast<unsigned char>(text[place]) & 0xC0) == 0x80) ++place;
  return place;
}

// Names often differ at their ends: noise, method, date.
std::string without_middle(const std::string& text, std::size_t longest) {
  if (text.size() <= longest) return text;
  const std::size_t kept = longest - 3, first = character_at(text, kept / 2);
  return text.substr(0, first) + "..." + text.substr(character_at(text, text.size() - (kept - kept / 2)));
}

// Of falling steps as many as can be told apart, so that dashes stay dashes. Never above the curve.
Series thinned(const Series& curve) {
  Series shown{curve.name, {}, {}, curve.style, curve.faint};
  const double width = curve.x.back() / shown_columns;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    const bool last = i + 1 == curve.x.size();
    const bool told_apart = last || i == 0 || curve.x[i + 1] - shown.x.back() > width || curve.y[i] - curve.y[i + 1] > shown_drop;
    if (!told_apart) continue;
    shown.x.push_back(curve.x[i]);
    shown.y.push_back(curve.y[i]);
  }
  return shown;
}

// "sigma 0.25, l1" as the page has it.
std::string with_symbols(std::string text) {
  for (const auto& [word, symbol] : {std::pair{"sigma ", "σ "}, {"lambda ", "λ "}, {", l1", ", ℓ1"}}) {
    const std::size_t place = text.find(word);
    if (place != std::string::npos) text.replace(place, std::string_view(word).size(), symbol);
  }
  return text;
}

// The norm's, too: "ℓ2".
std::string norm_text(std::string_view norm) { return "ℓ" + std::string(norm.substr(1)); }

// What each curve is called: its file, and its noise where that does not say it.
std::vector<std::string> labels_of(std::span<const Source> sources) {
  std::vector<std::string> labels = names_of(sources);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string scale = with_symbols(scale_text(sources[i]));
    const bool says_it = !sources[i].title.empty() || labels[i].find("sigma") != std::string::npos;
    if (!scale.empty() && !says_it) labels[i] = fmt::format("{} ({})", scale, labels[i]);
    labels[i] = without_middle(labels[i], longest_label);
  }
  return labels;
}

std::string radius_label(std::span<const Source> sources) {
  return fmt::format("{} radius (pixels in [0, 1])", norm_text(sources.empty() ? "l2" : norm_of(sources.front())));
}

// Whether there is a curve beyond the axis: of logs without a certificate there is none, and no range would fit it.
bool reaches_anything(const Figure& figure) {
  constexpr double nothing = 1e-6;
  return std::any_of(figure.series.begin(), figure.series.end(), [](const Series& series) { return series.x.back() > nothing; });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

// How a whole file of each kind ends: gnuplot says nothing of a full disk.
struct Kind {
  const char *extension, *end;
};
constexpr std::array kinds{Kind{"svg", "</svg>"}, Kind{"pdf", "%%EOF"}, Kind{"png", "IEND\xae\x42\x60\x82"}};

bool is_whole(const std::string& file, std::string_view end) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  bytes.resize(bytes.find_last_not_of("\r\n") + 1);
  return bytes.ends_with(end);
}

// Pictures under temporary names, until they are whole.
class Drawing {
 public:
  Drawing(std::string text, std::string name) : name_(std::move(name)) {
    for (const Kind& kind : kinds) text = replaced(text, quoted(picture(kind)), quoted(partial(picture(kind))));
    write_whole(program(), text);
  }
  ~Drawing() {
    std::error_code ignored;
    std::filesystem::remove(program(), ignored);
    for (const Kind& kind : kinds) std::filesystem::remove(partial(picture(kind)), ignored);
  }
  Drawing(const Drawing&) = delete;
  Drawing& operator=(const Drawing&) = delete;

  std::string program() const { return partial(name_ + ".gp"); }

  void keep() const {
    for (const Kind& kind : kinds) {
      if (!is_whole(partial(picture(kind)), kind.end))
        throw std::runtime_error(fmt::format("{}: could not be written whole (is the disk full?)", picture(kind)));
    }
    for (const Kind& kind : kinds) std::filesystem::rename(partial(picture(kind)), picture(kind));
  }

 private:
  std::string picture(const Kind& kind) const { return name_ + "." + kind.extension; }
  static std::string partial(const std::string& file) { return fmt::format("{}.{}.partial", file, getpid()); }

  std::string name_;
};

}  // namespace

Series certified_curve(std::span<const log::Record> rows, std::string name) {
  std::vector<double> radii;
  for (const log::Record& row : rows) {
    if (is_certified(row, 0)) radii.push_back(row.radius);
  }
  std::sort(radii.begin(), radii.end());
  Series series{std::move(name), {0}, {static_cast<double>(radii.size()) / static_cast<double>(rows.size())}, Series::Style::steps, false};
  for (std::size_t i = 0; i < radii.size(); ++i) {
    if (i + 1 < radii.size() && radii[i + 1] == radii[i]) continue;
    // Up to and at this radius the share was that of the radii from here on.
    series.x.push_back(radii[i]);
    const auto first = std::lower_bound(radii.begin(), radii.end(), radii[i]) - radii.begin();
    series.y.push_back(static_cast<double>(radii.size() - static_cast<std::size_t>(first)) / static_cast<double>(rows.size()));
  }
  series.x.push_back(series.x.back() * 1.0000001 + 1e-9);
  series.y.push_back(0);
  return series;
}

Series certified_curve(const Source& source, std::string name) {
  const auto tested = tested_radii(source);
  if (!tested) return certified_curve(source.log.rows, std::move(name));
  Series series{std::move(name), {}, {}, Series::Style::steps, false};
  for (const double r : *tested) {
    series.x.push_back(r);
    series.y.push_back(certified_accuracy(source.log.rows, r));
  }
  return series;
}

Figure certified_figure(std::span<const Source> sources) {
  Figure figure{radius_label(sources), "certified accuracy", {}};
  figure.title = short_subject_of(sources);
  const auto labels = labels_of(sources);
  for (std::size_t i = 0; i < sources.size(); ++i) figure.series.push_back(thinned(certified_curve(sources[i], labels[i])));
  return figure;
}

Figure bounds_figure(std::span<const Source> sources, std::optional<double> alpha, double rho) {
  constexpr std::size_t most_by_themselves = 3;  // beyond which the key would say it over and over
  Figure figure{radius_label(sources), "certified accuracy", {}};
  figure.title = short_subject_of(sources);
  const auto labels = labels_of(sources);
  bool said = false;
  for (std::size_t k = 0; k < sources.size(); ++k) {
    const Source& source = sources[k];
    figure.series.push_back(thinned(certified_curve(source, labels[k])));
    const auto confidence = confidence_of(source, alpha, rho);
    if (!confidence) continue;
    Series bound = figure.series.back();  // falls where the accuracy does
    const bool by_itself = sources.size() <= most_by_themselves;
    bound.name = by_itself ? fmt::format("at least, with probability {}", probability_beside(rho))
                 : said    ? ""
                           : fmt::format("dotted, of each: at least, with probability {}", probability_beside(rho));
    said = true;
    bound.faint = true;
    for (std::size_t i = 0; i < bound.x.size(); ++i) bound.y[i] = accuracy_bounds(source, bound.x[i], *confidence).inverted;
    figure.series.push_back(std::move(bound));
  }
  return figure;
}

std::string gnuplot_program(const Figure& figure, const std::string& name) {
  std::string text = "# gnuplot program, with its data: run it again to draw it otherwise\n";
  for (std::size_t i = 0; i < figure.series.size(); ++i) text += data_block(figure.series[i], i);
  const auto named = std::count_if(figure.series.begin(), figure.series.end(), [](const Series& series) { return !series.name.empty(); });
  const bool outside = named > 0 && !figure.key_left;
  const double key_height = outside ? 0.106 * static_cast<double>(named) + 0.05 : 0,
               height = 2.3 + key_height;  // inches; a column is 3.3 wide
  text += "set encoding utf8\nset border 3 lw 0.6\nset tics nomirror out scale 0.5\nset grid lc rgb '#DDDDDD' lw 0.5\n";
  text += fmt::format("set xlabel {} noenhanced\nset ylabel {} noenhanced\n", quoted(figure.x_label), quoted(figure.y_label));
  if (!figure.title.empty())
    text += fmt::format("set title {} noenhanced offset 0,-0.5\n", quoted(without_middle(figure.title, longest_title)));
  if (figure.y_is_share) text += "set yrange [0:1]\n";
  text += figure.x_most > 0 || !reaches_anything(figure)
              ? fmt::format("set xrange [{}:{}]\n", figure.x_least, figure.x_most > 0 ? figure.x_most : 1)
              : fmt::format("set xrange [{}:*]\n", figure.x_least);
  if (outside) {
    text += fmt::format("set bmargin at screen {:.4f}\nset key top left at screen 0.1, screen {:.4f} Left reverse samplen 5 noenhanced\n",
                        (0.42 + key_height) / height, (key_height + 0.03) / height);
  } else {
    text += "set key top left Left reverse samplen 5 noenhanced\n";
  }
  std::string plot = "plot ";
  for (std::size_t i = 0, colour = 0; i < figure.series.size(); ++i) {
    const Series& series = figure.series[i];
    colour += i > 0 && !series.faint;  // what is faint goes with the one before
    plot += fmt::format("{}$data{} using 1:2 {} {}", i ? ", \\\n     " : "", i, style_of(series, colour),
                        series.name.empty() ? "notitle" : "title " + quoted(series.name));
  }
  return text + for_each_terminal(name, 3.3, height, plot);
}

std::string for_each_terminal(const std::string& name, double width, double height, const std::string& plot) {
  const struct {
    const char* extension;
    std::string terminal;
  } outputs[] = {{"svg", fmt::format("svg size {:.0f},{:.0f} font 'sans,9' background '#FFFFFF'", width * 96 * 1.4, height * 96 * 1.4)},
                 {"pdf", fmt::format("pdfcairo size {:.2f}in,{:.2f}in font 'sans,7'", width, height)},
                 {"png", fmt::format("pngcairo size {:.0f},{:.0f} font 'sans,9' fontscale 2.2 linewidth 2.2 background '#FFFFFF'",
                                     width * 300, height * 300)}};
  std::string text;
  for (const auto& output : outputs) {
    text += fmt::format("set terminal {}\nset output {}\n{}\n", output.terminal, quoted(name + "." + output.extension), plot);
  }
  return text + "unset output\n";
}

bool draw(const Figure& figure, const std::filesystem::path& name) { return draw_program(gnuplot_program(figure, name.string()), name); }

bool draw_program(const std::string& text, const std::filesystem::path& name) {
  write_whole(name.string() + ".gp", text);
  const Drawing drawing(text, name.string());
  std::string gnuplot = "gnuplot", no_settings = "-d", file = drawing.program();
  std::array<char*, 4> arguments{gnuplot.data(), no_settings.data(), file.data(), nullptr};
  pid_t child = 0;
  if (const int error = posix_spawnp(&child, "gnuplot", nullptr, nullptr, arguments.data(), environ); error != 0) {
    if (error == ENOENT) return false;
    throw std::runtime_error("gnuplot could not be started");
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return false;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(name.string() + ".gp: gnuplot failed on it");
  drawing.keep();
  return true;
}

}  // namespace ballast::report
