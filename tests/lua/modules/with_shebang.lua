#!/usr/bin/env cumulua
return "shebang"
