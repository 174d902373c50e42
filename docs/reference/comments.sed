# A header's comments as Doxygen reads them (sed -E): those above a declaration begin with ///, those behind a member with ///<,
# and the first one is the file's. No line is added or taken away.
1{
  s|.*|/// @file|
  b
}
\|//|!b
/^[[:space:]]*#/b
/^}/b
# Text that would be markup.
:backslash
s|(//.*[^\\])\\([^\\])|\1\\\\\2|
t backslash
:sign
s|(//.*[^\\])([<>@#%&])|\1\\\2|
t sign
s|^( *)//( .*)?$|\1///\2|
s|([;,[:alnum:]_] +)// |\1///< |
# A brief text ends with its first full stop, which these are not.
s/(\/\/\/.*(et al|e\.g|i\.e|cf)\.) /\1\\ /
