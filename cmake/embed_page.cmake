# Writes a source file that holds a page as a string: cmake -DPAGE=... -DPART=... -DSOURCE=... -P embed_page.cmake
file(READ "${PAGE}" text)
string(FIND "${text}" ")ballast_page" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "${PAGE} holds the mark that ends the string")
endif()
file(WRITE "${SOURCE}" "#include \"page_template.hpp\"\n\nnamespace ballast::${PART} {\nconstexpr char text[] = R\"ballast_page(")
file(APPEND "${SOURCE}" "${text}")
file(APPEND "${SOURCE}" ")ballast_page\";\nconst std::string_view page_template{text, sizeof text - 1};\n}  // namespace ballast::${PART}\n")
