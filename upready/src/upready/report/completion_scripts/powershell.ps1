# Completion for PowerShell: invoke, inv, upready, .\invoke, `uv run invoke` and `uvx upready`.
# Keep this in a file that your shell reads when it starts.

# The program of the environment in this folder, or in the nearest one above.
function Find-UpreadyProgram([string] $Folder, [string] $Name) {
    $environment = if ($env:UV_PROJECT_ENVIRONMENT) { $env:UV_PROJECT_ENVIRONMENT } else { '.venv' }
    for ($place = $Folder; $place; $place = Split-Path -Parent $place) {
        foreach ($program in "Scripts/$Name.exe", "bin/$Name") {
            $path = Join-Path (Join-Path $place $environment) $program
            if (Test-Path -LiteralPath $path -PathType Leaf) { return $path }
        }
    }
}

# How to call the program that is completed, and the index of its word; nothing where these words are not ours.
function Get-UpreadyCall([string[]] $Words) {
    $first = [IO.Path]::GetFileNameWithoutExtension($Words[0])
    if ($first -in 'uv', 'uvx') {
        $seen = $first
        for ($i = 1; $i -lt $Words.Count; $i++) {
            if ($Words[$i - 1] -in '--from', '--package', '--with') { continue }
            if ("$seen $($Words[$i])" -eq 'uv run') {
                $seen = 'uv run'
            } elseif ("$seen $($Words[$i])" -in 'uv run invoke', 'uv run inv', 'uv run upready') {
                $program = Find-UpreadyProgram $PWD.ProviderPath $Words[$i]
                return @{ Index = $i; Command = @($program) }
            } elseif ("$seen $($Words[$i])" -match '^uvx upready(@|$)') {
                return @{ Index = $i; Command = @('uvx', 'upready') }
            }
        }
        return
    }
    $folder = if ($Words[0] -match '[\\/]') { Convert-Path -LiteralPath (Split-Path -Parent $Words[0]) }
    if ($folder -and (Test-Path -LiteralPath (Join-Path $folder 'tasks.py'))) {
        # A wrapper would install what is missing; a TAB does not.
        return @{ Index = 0; Command = @((Find-UpreadyProgram $folder $first), '--search-root', $folder) }
    }
    @{ Index = 0; Command = @($Words[0]) }
}

Register-ArgumentCompleter -Native -CommandName @('invoke', 'inv', 'upready', 'uv', 'uvx') -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $code = $global:LASTEXITCODE
    $asked = $env:OPS_COMPLETION, $env:UV_OFFLINE
    try {
        $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object {
                if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
            })
        $call = Get-UpreadyCall $words
        # cmd.exe, which runs a .cmd, would also run what a half-typed word may hold.
        if (-not $call -or -not $call.Command[0]) { return }
        $program = (Get-Command $call.Command[0] -CommandType Application -ErrorAction Stop | Select-Object -First 1).Source
        if ($program -match '\.(cmd|bat)$') { return }
        $behind = @($words | Select-Object -Skip ($call.Index + 1)) + $wordToComplete.Trim('"', "'")
        # In the quotes of POSIX shells; double quotes would be lost on the way to a program.
        $line = 'invoke ' + (($behind | ForEach-Object { "'" + $_.Replace('"', '').Replace("'", "'\''") + "'" }) -join ' ')
        $env:OPS_COMPLETION, $env:UV_OFFLINE = 'powershell', '1'
        $arguments = @($call.Command | Select-Object -Skip 1) + '--complete', '--', $line
        $told = & $program @arguments 2>$null
        foreach ($each in $told) {
            $word, $sentence = $each -split "`t", 2
            if (-not $word) { continue }
            # A project with nothing but invoke's own tasks is told all of them, without a sentence.
            if ($null -eq $sentence -and -not $word.StartsWith($behind[-1])) { continue }
            $text = if ($word -match '^[\w./:=+-]+$') { $word } else { "'" + $word.Replace("'", "''") + "'" }
            if (-not $sentence) { $sentence = $word }
            [System.Management.Automation.CompletionResult]::new($text, $word, 'ParameterValue', $sentence)
        }
    } catch {
        # Nothing is completed, and nothing said: it would stand in the prompt.
    } finally {
        $env:OPS_COMPLETION, $env:UV_OFFLINE = $asked
        $global:LASTEXITCODE = $code
    }
}
