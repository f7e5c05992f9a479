@echo off
rem Runs a task of this project, as `.\invoke dev`, on a machine that has uv, or Python and nothing else.
rem Without uv, the one that requirements/uv.txt locks is put into .uv\, once. `invoke` is the same for other systems.
setlocal EnableExtensions DisableDelayedExpansion
set "root=%~dp0"
set "root=%root:~0,-1%"

set "uv=uv"
call uv --version >nul 2>&1
if errorlevel 1 call :install_uv
if errorlevel 1 exit /b 4

rem The tasks' hints name this script.
set "OPS_CALLED_AS=.\invoke"

rem Called from elsewhere, as by the task scheduler, the tasks are those beside this script.
set "here=%cd%\"
call set "below=%%here:%root%\=%%"
if "%below%"=="%here%" cd /d "%root%"
"%uv%" run --project "%root%" invoke %*
exit /b %errorlevel%

rem Set `uv` to the locked one, which is installed where it is not there yet.
:install_uv
set "locks=%root%\requirements\uv.txt"
for /f "tokens=2 delims== " %%v in ('findstr /b /c:"uv==" "%locks%"') do set "version=%%v"
set "uv=%root%\.uv\%version%\uv.exe"
if exist "%uv%" exit /b 0
set "python="
for %%p in ("py -3" python python3) do (
  if not defined python %%~p -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>&1 && set "python=%%~p"
)
if not defined python (
  >&2 echo error: there is neither uv nor Python 3.11 or newer
  >&2 echo next: winget install astral-sh.uv
  exit /b 4
)
>&2 echo uv is not installed: version %version% is put into .uv\, once
rem Under another name until it is whole: what is interrupted is done again.
set "new=%root%\.uv\new"
if exist "%new%" rmdir /s /q "%new%"
%python% -m venv "%new%" >&2 && "%new%\Scripts\python" -m pip install --quiet --disable-pip-version-check ^
  --require-hashes --requirement "%locks%" >&2
if errorlevel 1 (
  rmdir /s /q "%new%"
  >&2 echo error: uv could not be installed: the reason stands above
  >&2 echo next: the same again; behind a proxy with certificates of its own, set PIP_CERT and SSL_CERT_FILE first
  exit /b 4
)
if not exist "%root%\.uv\%version%" mkdir "%root%\.uv\%version%"
move /y "%new%\Scripts\uv.exe" "%uv%" >nul
rmdir /s /q "%new%"
exit /b 0
